//! What the history says of itself.

use super::books::Books;
use crate::source::SourceOutput;
use crate::unit::Unit;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

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
    /// How much it may take: see [`history_bytes`](crate::MetricsBuilder::history_bytes).
    pub max_bytes: u64,
    /// For how long it keeps ten-second points, in whole seconds: see [`retention`](crate::MetricsBuilder::retention).
    pub retention: Duration,
}

/// The same, to be read without waiting for a query.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    bytes: AtomicU64,
    series: AtomicU64,
    evicted_points: AtomicU64,
    series_left_out: AtomicU64,
    max_bytes: AtomicU64,
    retention_seconds: AtomicU64,
}

// Relaxed throughout: the figures guard no other memory, and each is read alone.
impl Figures {
    pub(super) fn set(&self, books: &Books) {
        let stats = books.stats();
        self.bytes.store(stats.bytes, Relaxed);
        self.series.store(stats.series, Relaxed);
        self.evicted_points.store(stats.evicted_points, Relaxed);
        self.series_left_out.store(stats.series_left_out, Relaxed);
        self.max_bytes.store(stats.max_bytes, Relaxed);
        self.retention_seconds.store(stats.retention.as_secs(), Relaxed);
    }

    pub(crate) fn get(&self) -> HistoryStats {
        HistoryStats {
            bytes: self.bytes.load(Relaxed),
            series: self.series.load(Relaxed),
            evicted_points: self.evicted_points.load(Relaxed),
            series_left_out: self.series_left_out.load(Relaxed),
            max_bytes: self.max_bytes.load(Relaxed),
            retention: Duration::from_secs(self.retention_seconds.load(Relaxed)),
        }
    }

    pub(crate) fn write(&self, out: &mut SourceOutput) {
        let HistoryStats { bytes, series, evicted_points, series_left_out, .. } = self.get();
        out.gauge("sidecar_history_bytes", "Memory that the history of the metrics takes.")
            .unit(Unit::Bytes)
            .sample(&[], bytes);
        out.counter(
            "sidecar_history_evicted_points_total",
            "Points of the history that were dropped before their time, because it has a bound.",
        )
        .sample(&[], evicted_points);
        out.gauge("sidecar_history_series", "Series that the history follows.").sample(&[], series);
        out.gauge("sidecar_history_series_left_out", "Series for which the history had no room.")
            .sample(&[], series_left_out);
    }
}
