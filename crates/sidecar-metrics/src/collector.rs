//! The collector: the front of the registry, the sources and the expositions.

use crate::builder::MetricsBuilder;
use crate::error::RegisterError;
use crate::exposition;
use crate::families::Families;
use crate::gather;
use crate::handle::{Counter, Gauge, Histogram, NAN_RECORDED};
use crate::misuse::Misuse;
use crate::overflow::OverflowReport;
use crate::registry::{Limits, Registry};
use crate::source::SourceOutput;
use crate::sources::Sources;
use crate::unit::Unit;
use sidecar_core::Clock;
use std::sync::Arc;

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
    misuse: Arc<Misuse>,
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

    pub(crate) fn with_limits(limits: Limits, clock: Clock) -> Self {
        let misuse = Arc::new(Misuse::default());
        let registry = Registry::new(limits, clock, Arc::clone(&misuse));
        Self { inner: Arc::new(Inner { registry, sources: Sources::default(), misuse }) }
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
        let Inner { registry, sources, misuse } = &*self.inner;
        // Sources first: what a source records in the registry is part of the same reading.
        let pulled = sources.pull(misuse);
        gather::join(registry.families(), pulled, misuse)
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
        exposition::classic(&self.families())
    }

    /// All metrics as OpenMetrics text, sorted.
    #[must_use]
    pub fn export_openmetrics(&self) -> String {
        exposition::openmetrics(&self.families())
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
