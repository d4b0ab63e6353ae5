//! Series resolved once: updating one takes no lock and no lookup.

use crate::exemplar::{Exemplar, Exemplars, Slot};
use crate::families::{Number, Value};
use crate::misuse::Misuse;
use sidecar_core::histogram::{FixedHistogram, FixedSnapshot};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is said of a NaN.
pub(crate) const NAN_RECORDED: &str = "a histogram was given NaN";

// Relaxed throughout: a value guards no other memory, and a scrape reads each one alone.

/// A counter's series. Clones share it; it outlives the collector.
#[derive(Clone, Debug, Default)]
#[must_use = "a counter does nothing unless it is used"]
pub struct Counter {
    counted: Arc<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    value: AtomicU64,
    exemplar: Slot,
}

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.increment_by(1);
    }

    /// Adds `n`. Beyond `u64::MAX` the counter starts again from zero, which readers take for a restart.
    pub fn increment_by(&self, n: u64) {
        self.counted.value.fetch_add(n, Relaxed);
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

    /// The count so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.counted.value.load(Relaxed)
    }

    pub(crate) fn exemplar(&self) -> &Slot {
        &self.counted.exemplar
    }
}

/// A gauge's series. Clones share it; it outlives the collector.
#[derive(Clone, Debug, Default)]
#[must_use = "a gauge does nothing unless it is used"]
pub struct Gauge {
    /// The bits of an `f64`; all zero is 0.0.
    bits: Arc<AtomicU64>,
}

impl Gauge {
    /// Replaces the value. Any number is allowed, NaN and the infinities included.
    pub fn set(&self, value: f64) {
        self.bits.store(value.to_bits(), Relaxed);
    }

    /// Adds `difference`, which may be negative.
    pub fn add(&self, difference: f64) {
        let add = |bits| Some((f64::from_bits(bits) + difference).to_bits());
        let _ = self.bits.fetch_update(Relaxed, Relaxed, add);
    }

    /// The value last set.
    #[must_use]
    pub fn value(&self) -> f64 {
        f64::from_bits(self.bits.load(Relaxed))
    }
}

/// A histogram's series. Clones share it; it outlives the collector.
#[derive(Clone, Debug)]
#[must_use = "a histogram does nothing unless it is used"]
pub struct Histogram {
    recorded: Arc<Recorded>,
    misuse: Arc<Misuse>,
}

#[derive(Debug)]
struct Recorded {
    buckets: FixedHistogram,
    exemplars: Exemplars,
}

impl Histogram {
    pub(crate) fn new(buckets: FixedHistogram, misuse: Arc<Misuse>) -> Self {
        let recorded = Recorded { buckets, exemplars: Exemplars::default() };
        Self { recorded: Arc::new(recorded), misuse }
    }

    /// Records one value, in the unit that the metric's name says. NaN is counted as an error instead.
    pub fn record(&self, value: f64) {
        if !self.try_record(value) {
            self.misuse.count(NAN_RECORDED);
        }
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
        let Recorded { buckets, exemplars } = &*self.recorded;
        let exemplar = if value.is_nan() { None } else { Exemplar::new(value, labels) };
        exemplar.is_some_and(|exemplar| exemplars.set(buckets, exemplar))
    }

    pub(crate) fn exemplars(&self) -> &[Slot] {
        self.recorded.exemplars.slots()
    }

    pub(crate) fn snapshot(&self) -> FixedSnapshot {
        self.recorded.buckets.snapshot()
    }

    /// Like [`Histogram::record`], but leaves the counting of NaN, answered with `false`, to the caller.
    pub(crate) fn try_record(&self, value: f64) -> bool {
        self.recorded.buckets.record(value)
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
    pub(crate) fn read(&self) -> Value {
        match self {
            Self::Counter(counter) => Value::Number(Number::Integer(counter.value())),
            Self::Gauge(gauge) => Value::Number(Number::Float(gauge.value())),
            Self::Histogram(histogram) => Value::Histogram(histogram.snapshot()),
        }
    }
}
