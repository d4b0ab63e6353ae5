//! The collector: the front of the registry, the sources and the expositions.

use crate::alerts::Engine;
use crate::builder::MetricsBuilder;
use crate::error::RegisterError;
use crate::exposition::{self, CHUNK_BYTES, Format, Out};
use crate::families::Families;
use crate::gather::{self, Joined};
use crate::handle::{Counter, Gauge, Histogram, NAN_RECORDED};
use crate::history::{History, HistorySettings, HistoryStats};
use crate::misuse::Misuse;
use crate::overflow::OverflowReport;
use crate::query::{Query, QueryError, QueryResult};
use crate::registry::{Limits, Registry};
use crate::source::SourceOutput;
use crate::sources::Sources;
use crate::unit::Unit;
use sidecar_core::{Clock, SettingsError};
use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Collects metrics and exposes them. Clones share everything.
///
/// There are two ways to record. By name ([`increment`](Self::increment) and its siblings): infallible; what
/// cannot be recorded is dropped and counted in [`errors`](Self::errors). Through a handle
/// ([`counter`](Self::counter) and its siblings): the same errors as values, once; then no lookup, no lock.
#[derive(Clone, Debug)]
pub struct MetricsCollector {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    sources: Sources,
    alerts: Engine,
    history: History,
    misuse: Arc<Misuse>,
    created_samples: bool,
    /// How long the last text of each format was: the next one is likely to be as long.
    lengths: [AtomicUsize; 2],
}

impl MetricsCollector {
    /// A collector with the default bounds.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build().expect("the defaults are allowed")
    }

    /// Sets up a collector.
    pub fn builder() -> MetricsBuilder {
        MetricsBuilder::new()
    }

    pub(crate) fn with_limits(
        limits: Limits,
        clock: Clock,
        history: &HistorySettings,
        created_samples: bool,
    ) -> Self {
        let misuse = Arc::new(Misuse::default());
        let registry = Registry::new(limits, clock, Arc::clone(&misuse));
        let (alerts, history) = (Engine::new(Arc::clone(&misuse)), History::new(history));
        let (sources, lengths) = (Sources::default(), Default::default());
        Self {
            inner: Arc::new(Inner { registry, sources, alerts, history, misuse, created_samples, lengths }),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.alerts
    }

    /// Adds one to a counter.
    pub fn increment(&self, name: &str, tags: &[(&str, &str)]) {
        self.increment_by(name, 1, tags);
    }

    /// Adds `n` to a counter.
    pub fn increment_by(&self, name: &str, n: u64, tags: &[(&str, &str)]) {
        self.counted(self.inner.registry.with(name, tags, |counter: &Counter| counter.increment_by(n)));
    }

    /// Sets a gauge.
    pub fn set_gauge(&self, name: &str, value: f64, tags: &[(&str, &str)]) {
        self.counted(self.inner.registry.with(name, tags, |gauge: &Gauge| gauge.set(value)));
    }

    /// Records one value of a histogram, in the unit that its name says.
    pub fn record_histogram(&self, name: &str, value: f64, tags: &[(&str, &str)]) {
        // The error is counted after the lookup's lock: counting may tell a subscriber.
        match self.inner.registry.with(name, tags, |histogram: &Histogram| histogram.try_record(value)) {
            Ok(true) => {}
            Ok(false) => self.inner.misuse.count(NAN_RECORDED),
            Err(error) => self.inner.misuse.count(error),
        }
    }

    /// A counter's series, resolved once. Beyond the bounds it is the metric's overflow series.
    ///
    /// # Errors
    /// When the name is another metric's, or name or tags are not allowed.
    pub fn counter(&self, name: &str, tags: &[(&str, &str)]) -> Result<Counter, RegisterError> {
        self.inner.registry.with(name, tags, Counter::clone)
    }

    /// A gauge's series, resolved once. Beyond the bounds it is the metric's overflow series.
    ///
    /// # Errors
    /// When the name is another metric's, or name or tags are not allowed.
    pub fn gauge(&self, name: &str, tags: &[(&str, &str)]) -> Result<Gauge, RegisterError> {
        self.inner.registry.with(name, tags, Gauge::clone)
    }

    /// A histogram's series, resolved once. Beyond the bounds it is the metric's overflow series.
    ///
    /// # Errors
    /// When the name is another metric's, or name or tags are not allowed.
    pub fn histogram(&self, name: &str, tags: &[(&str, &str)]) -> Result<Histogram, RegisterError> {
        self.inner.registry.with(name, tags, Histogram::clone)
    }

    /// Says what a metric of the registry measures, before or after its first use; the last call stands.
    /// A name that is not allowed is counted in [`errors`](Self::errors).
    pub fn describe(&self, name: &str, unit: Unit, help: &str) {
        self.describe_as(name, Some(unit), help);
    }

    /// Sets the upper bounds of a histogram's buckets, without the infinite one, before its first use.
    ///
    /// Without this they are [`buckets::MILLISECONDS`](crate::buckets::MILLISECONDS) for a name that ends in
    /// `_ms`, [`buckets::SECONDS`](crate::buckets::SECONDS) for `_seconds`, else
    /// [`buckets::OTHER`](crate::buckets::OTHER).
    ///
    /// # Errors
    /// When `bounds` is empty, not strictly ascending, not finite or longer than
    /// [`buckets::MAX_BOUNDS`](crate::buckets::MAX_BOUNDS); when the histogram is in use with other bounds;
    /// when the name is not allowed or another kind's.
    pub fn buckets(&self, name: &str, bounds: &[f64]) -> Result<(), RegisterError> {
        self.inner.registry.set_bounds(name, bounds)
    }

    /// Adds a source of metrics, which is asked each time somebody reads: [`families`](Self::families),
    /// [`value`](Self::value) or an export.
    ///
    /// It runs on the reader's thread, without a lock, and maybe on several threads at once. If it panics,
    /// its own families are missing from that reading. Beyond [`MAX_SOURCES`](crate::MAX_SOURCES) a source is
    /// refused. Both are counted in [`errors`](Self::errors). A source that holds a clone of this collector
    /// keeps it alive for ever.
    pub fn register_source(&self, source: impl Fn(&mut SourceOutput) + Send + Sync + 'static) {
        self.inner.sources.add(Arc::new(source), &self.inner.misuse);
    }

    /// Every metric with its values of this moment, the sources' included.
    #[must_use]
    pub fn families(&self) -> Families {
        Families::new(self.read().into_iter().map(Joined::into_family).collect())
    }

    /// The value of one counter or gauge; `None` if there is no such series, or it is a histogram's.
    ///
    /// It reads everything, as [`families`](Self::families) does: meant for tests.
    #[must_use]
    pub fn value(&self, name: &str, tags: &[(&str, &str)]) -> Option<f64> {
        self.families().value(name, tags)
    }

    /// All metrics in the classic text format, sorted.
    #[must_use]
    pub fn export_prometheus(&self) -> String {
        self.export(Format::Classic)
    }

    /// All metrics as OpenMetrics text, sorted.
    #[must_use]
    pub fn export_openmetrics(&self) -> String {
        self.export(Format::OpenMetrics)
    }

    /// All metrics in one of the formats.
    #[must_use]
    pub fn export(&self, format: Format) -> String {
        let last = &self.inner.lengths[usize::from(format == Format::OpenMetrics)];
        // Relaxed: a guess that guards nothing. A little more than last time, for digits that were added.
        let expected = last.load(Relaxed);
        let mut never = |_: &str| {};
        let mut out = Out::whole(expected + expected / 64, &mut never);
        self.render(format, &mut out);
        let text = out.into_text();
        last.store(text.len(), Relaxed);
        text
    }

    /// The same text as [`export`](Self::export), in chunks of whole lines and at most
    /// [`CHUNK_BYTES`](crate::CHUNK_BYTES), unless a single line is longer: never all of it is in memory, and the
    /// caller can do something else between two chunks.
    ///
    /// `chunk` runs on this thread and without a lock. Each series is read when it is written.
    pub fn render_into(&self, format: Format, mut chunk: impl FnMut(&str)) {
        let mut out = Out::chunks(CHUNK_BYTES, &mut chunk);
        self.render(format, &mut out);
        out.finish();
    }

    fn render(&self, format: Format, out: &mut Out<'_>) {
        exposition::render(&self.read(), format, self.inner.created_samples, out);
    }

    /// The registered series and what the sources say now.
    fn read(&self) -> Vec<Joined> {
        let Inner { registry, sources, misuse, .. } = &*self.inner;
        // Sources first: what a source records in the registry is part of the same reading.
        let pulled = sources.pull(misuse);
        gather::join(registry.metrics(), pulled, misuse)
    }

    /// What the history knows of a metric. Asking changes nothing.
    ///
    /// # Errors
    /// When the query is out of range, or the metric's kind has no such aggregate.
    pub fn query(&self, query: impl Borrow<Query>) -> Result<QueryResult, QueryError> {
        let query = query.borrow();
        query.check()?;
        self.inner.history.answer(query)
    }

    /// Reads all metrics into the history if this second has not been read yet, then evaluates alert rules if they are
    /// due; says when to call again. `now` and the answer are nanoseconds of a monotonic clock.
    ///
    /// Meant for whoever drives the collector, at least once a second: nothing here runs by itself, and a second
    /// without a call has no point. Calls at the same time are no matter: one reads. With the first call come
    /// metrics about the history: `sidecar_history_bytes`, `sidecar_history_series`,
    /// `sidecar_history_evicted_points_total` and `sidecar_history_series_left_out`.
    pub fn tick(&self, now: u64) -> u64 {
        let (next, first) = self.inner.history.tick(now, || self.read());
        if first {
            let figures = Arc::clone(self.inner.history.figures());
            self.register_source(move |out| figures.write(out));
        }
        next.min(self.tick_alerts(now))
    }

    /// Has the history keep ten-second points for `retention`, 300 s to 7 days, rounded up to whole seconds, and take
    /// `bytes` at most, 64 kB to 1 GB, from now on. What is beyond either goes at once; what there is within them stays.
    /// If the series themselves take more than a quarter of the new bytes, all are forgotten with their past, and the
    /// next reading begins anew with as many as fit. Waits for a query or a reading that is being kept.
    ///
    /// # Errors
    /// When either is out of range; then both stay as they were.
    pub fn set_history(&self, retention: Duration, bytes: usize) -> Result<(), SettingsError> {
        let settings = HistorySettings { retention, bytes };
        settings.check()?;
        self.inner.history.set(&settings);
        Ok(())
    }

    /// How much history there is, as of the last reading.
    #[must_use]
    pub fn history_stats(&self) -> HistoryStats {
        self.inner.history.figures().get()
    }

    /// Names of the metrics some of whose values went to an overflow series, sorted.
    #[must_use]
    pub fn overflowing(&self) -> Vec<Arc<str>> {
        self.inner.registry.overflowing()
    }

    /// The metrics that refused series, those that refused most different ones first, and for each the tag keys that
    /// have most values: where to look for a tag that should not be one.
    #[must_use]
    pub fn overflow_report(&self) -> Vec<OverflowReport> {
        self.inner.registry.overflow_report()
    }

    /// Makes room where a bound is reached: takes out the series that were not used by name for the
    /// [`idle_timeout`](MetricsBuilder::idle_timeout), and of which nobody holds a handle or did so when somebody last
    /// looked for room. How many there were.
    ///
    /// A new series that finds no room does the same, at most eight times in a timeout; call this now and then if
    /// there may be long times without new series, so that ages are known when room is needed. What a counter or
    /// histogram held moves to its metric's overflow series; for those who read, in one step. A series that comes
    /// back starts at zero.
    pub fn reclaim(&self) -> usize {
        self.inner.registry.reclaim()
    }

    /// How often something was refused where no caller could be told: by-name calls, sources, NaN recorded.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.inner.misuse.total()
    }

    /// Without a unit, that which is known stays.
    pub(crate) fn describe_as(&self, name: &str, unit: Option<Unit>, help: &str) {
        self.counted(self.inner.registry.describe(name, unit, help));
    }

    #[cfg(feature = "facade")]
    pub(crate) fn refuse(&self, error: RegisterError) {
        self.inner.misuse.count(error);
    }

    fn counted(&self, result: Result<(), RegisterError>) {
        if let Err(error) = result {
            self.inner.misuse.count(error);
        }
    }
}

impl Default for MetricsCollector {
    fn default() -> Self {
        Self::new()
    }
}
