//! What the history says of itself.

use super::books::Books;
use crate::source::SourceOutput;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How much history there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryStats {
    /// What it takes in memory, never above the bound.
    pub bytes: u64,
    /// Series that it follows, those included that are gone and still have points.
    pub series: u64,
    /// Points that were dropped before their time because of the bound, since the start.
    pub evicted_points: u64,
    /// Series that the last reading left out because there was no room for them.
    pub series_left_out: u64,
}

/// The same, to be read without waiting for a query.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    bytes: AtomicU64,
    series: AtomicU64,
    evicted_points: AtomicU64,
    series_left_out: AtomicU64,
}

// Relaxed throughout: the figures guard no other memory, and each is read alone.
impl Figures {
    pub(super) fn set(&self, books: &Books) {
        let stats = books.stats();
        self.bytes.store(stats.bytes, Relaxed);
        self.series.store(stats.series, Relaxed);
        self.evicted_points.store(stats.evicted_points, Relaxed);
        self.series_left_out.store(stats.series_left_out, Relaxed);
    }

    pub(crate) fn get(&self) -> HistoryStats {
        HistoryStats {
            bytes: self.bytes.load(Relaxed),
            series: self.series.load(Relaxed),
            evicted_points: self.evicted_points.load(Relaxed),
            series_left_out: self.series_left_out.load(Relaxed),
        }
    }

    pub(crate) fn write(&self, out: &mut SourceOutput) {
        let HistoryStats { bytes, series, evicted_points, series_left_out } = self.get();
        out.gauge("sidecar_history_bytes", "Memory that the history takes").sample(&[], bytes);
        out.gauge("sidecar_history_series", "Series that the history follows").sample(&[], series);
        out.counter(
            "sidecar_history_evicted_points_total",
            "Points of the history dropped before their time because of its bound",
        )
        .sample(&[], evicted_points);
        out.gauge("sidecar_history_series_left_out", "Series for which the history had no room")
            .sample(&[], series_left_out);
    }
}
