//! Series resolved once: updating one takes no lock and no lookup.

use crate::exemplar::{Exemplar, ExemplarSlot, Exemplars};
use crate::families::{Number, Value};
use crate::misuse::Misuse;
use crate::slots::Slot;
use sidecar_core::histogram::{FixedHistogram, FixedSnapshot};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed},
    fence,
};

/// What is said of a NaN.
pub(crate) const NAN_RECORDED: &str = "a histogram was given NaN";

// Relaxed throughout: a value guards no other memory, and a scrape reads each one alone.

/// A counter's series. Clones share it; it outlives the collector.
#[derive(Clone, Debug)]
#[must_use = "a counter does nothing unless it is used"]
pub struct Counter {
    counted: Arc<Counted>,
}

#[derive(Debug)]
pub(crate) struct Counted {
    slot: Slot,
    exemplar: ExemplarSlot,
}

#[cfg(feature = "facade")]
impl Counted {
    pub(crate) fn add(&self, n: u64) {
        self.slot.add(n);
    }

    /// Has the sum be at least `value`.
    pub(crate) fn raise(&self, value: u64) {
        self.slot.raise(value);
    }
}

impl Counter {
    pub(crate) fn new(slot: Slot) -> Self {
        Self { counted: Arc::new(Counted { slot, exemplar: ExemplarSlot::default() }) }
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.increment_by(1);
    }

    /// Adds `n`. Beyond `u64::MAX` the counter starts again from zero, which readers take for a restart.
    #[inline]
    pub fn increment_by(&self, n: u64) {
        self.counted.slot.add(n);
    }

    /// Adds `n`, and keeps `labels` as what it was: OpenMetrics text shows the latest one beside the counter, with
    /// `n` and the time.
    ///
    /// `n` always counts. The exemplar is left out, answered with `false`, if its labels have more than
    /// [`MAX_EXEMPLAR_CHARS`](crate::MAX_EXEMPLAR_CHARS) characters, if a key is none for tags or comes twice, or if
    /// another thread sets or shows the counter's exemplar at this moment.
    pub fn increment_with_exemplar(&self, n: u64, labels: &[(&str, &str)]) -> bool {
        self.increment_by(n);
        Exemplar::new(n as f64, labels).is_some_and(|exemplar| self.counted.exemplar.set(exemplar))
    }

    #[cfg(feature = "facade")]
    pub(crate) fn into_shared(self) -> Arc<Counted> {
        self.counted
    }

    /// The count so far: what each thread has counted, added up.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.counted.slot.value()
    }

    pub(crate) fn exemplar(&self) -> &ExemplarSlot {
        &self.counted.exemplar
    }
}

/// A gauge's series. Clones share it; it outlives the collector.
#[derive(Clone, Debug, Default)]
#[must_use = "a gauge does nothing unless it is used"]
pub struct Gauge {
    cell: Arc<GaugeCell>,
}

/// The bits of an `f64`; all zero is 0.0.
#[derive(Debug, Default)]
pub(crate) struct GaugeCell(AtomicU64);

impl GaugeCell {
    pub(crate) fn store(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    pub(crate) fn add(&self, difference: f64) {
        let add = |bits| Some((f64::from_bits(bits) + difference).to_bits());
        let _ = self.0.fetch_update(Relaxed, Relaxed, add);
    }
}

impl Gauge {
    /// Replaces the value. Any number is allowed, NaN and the infinities included.
    pub fn set(&self, value: f64) {
        self.cell.store(value);
    }

    /// Adds `difference`, which may be negative.
    pub fn add(&self, difference: f64) {
        self.cell.add(difference);
    }

    /// The value last set.
    #[must_use]
    pub fn value(&self) -> f64 {
        f64::from_bits(self.cell.0.load(Relaxed))
    }

    #[cfg(feature = "facade")]
    pub(crate) fn into_shared(self) -> Arc<GaugeCell> {
        self.cell
    }
}

/// A histogram's series. Clones share it; it outlives the collector.
#[derive(Clone, Debug)]
#[must_use = "a histogram does nothing unless it is used"]
pub struct Histogram {
    recorded: Arc<Recorded>,
}

#[derive(Debug)]
pub(crate) struct Recorded {
    buckets: FixedHistogram,
    exemplars: Exemplars,
    misuse: Arc<Misuse>,
}

impl Recorded {
    #[inline]
    pub(crate) fn record(&self, value: f64) {
        if !self.buckets.record(value) {
            self.misuse.count(NAN_RECORDED);
        }
    }

    #[cfg(feature = "facade")]
    pub(crate) fn record_many(&self, value: f64, times: u64) {
        if !self.buckets.record_many(value, times) {
            self.misuse.count(NAN_RECORDED);
        }
    }
}

impl Histogram {
    pub(crate) fn new(buckets: FixedHistogram, misuse: Arc<Misuse>) -> Self {
        Self { recorded: Arc::new(Recorded { buckets, exemplars: Exemplars::default(), misuse }) }
    }

    /// Records one value, in the unit that the metric's name says. NaN is counted as an error instead.
    #[inline]
    pub fn record(&self, value: f64) {
        self.recorded.record(value);
    }

    /// Records one value, and keeps `labels` as what it was: OpenMetrics text shows the latest one of each bucket
    /// beside it, with the value and the time.
    ///
    /// The value is recorded as by [`record`](Self::record). The exemplar is left out, answered with `false`, if
    /// the value is NaN, if its labels have more than [`MAX_EXEMPLAR_CHARS`](crate::MAX_EXEMPLAR_CHARS) characters,
    /// if a key is none for tags or comes twice, or if another thread sets or shows the bucket's exemplar at this
    /// moment.
    pub fn record_with_exemplar(&self, value: f64, labels: &[(&str, &str)]) -> bool {
        self.record(value);
        let Recorded { buckets, exemplars, .. } = &*self.recorded;
        let exemplar = if value.is_nan() { None } else { Exemplar::new(value, labels) };
        exemplar.is_some_and(|exemplar| exemplars.set(buckets, exemplar))
    }

    pub(crate) fn exemplars(&self) -> &[ExemplarSlot] {
        self.recorded.exemplars.slots()
    }

    pub(crate) fn snapshot(&self) -> FixedSnapshot {
        self.recorded.buckets.snapshot()
    }

    /// Adds what another one holds, which has the same bounds.
    pub(crate) fn absorb(&self, other: &Self) {
        self.recorded.buckets.add(&other.recorded.buckets.snapshot());
    }

    /// Like [`Histogram::record`], but leaves the counting of NaN, answered with `false`, to the caller.
    pub(crate) fn try_record(&self, value: f64) -> bool {
        self.recorded.buckets.record(value)
    }

    #[cfg(feature = "facade")]
    pub(crate) fn into_shared(self) -> Arc<Recorded> {
        self.recorded
    }
}

/// The one value that a series holds.
#[derive(Debug)]
pub(crate) enum Cell {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
}

impl Cell {
    /// Whether somebody else holds a handle. For whoever keeps others from taking one.
    pub(crate) fn is_held(&self) -> bool {
        let handles = match self {
            Self::Counter(counter) => Arc::strong_count(&counter.counted),
            Self::Gauge(gauge) => Arc::strong_count(&gauge.cell),
            Self::Histogram(histogram) => Arc::strong_count(&histogram.recorded),
        };
        // Pairs with the release by which a handle is dropped: what was done through it is there.
        fence(Acquire);
        handles > 1
    }

    pub(crate) fn read(&self) -> Value {
        match self {
            Self::Counter(counter) => Value::Number(Number::Integer(counter.value())),
            Self::Gauge(gauge) => Value::Number(Number::Float(gauge.value())),
            Self::Histogram(histogram) => Value::Histogram(histogram.snapshot()),
        }
    }
}
