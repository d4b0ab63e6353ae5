//! Counts under given upper bounds, as Prometheus histograms expose them.

use crate::settings::SettingsError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A histogram over fixed, ascending upper bounds. Recording takes no lock: one addition, and one
/// compare-and-swap that is tried again while others record.
///
/// Its count is the sum of its buckets by construction, so a snapshot can never show `+Inf` and `count`
/// apart, whatever is recorded meanwhile; the sum may lead or trail by recordings in flight.
#[derive(Debug)]
pub struct FixedHistogram {
    bounds: Arc<[f64]>,
    counts: Box<[AtomicU64]>,
    sum_bits: AtomicU64,
}

/// What a [`FixedHistogram`] held at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedSnapshot {
    /// Upper bounds, ascending, without the infinite one.
    pub bounds: Arc<[f64]>,
    /// Recordings up to each bound, and above the last one: one longer than `bounds`, not cumulative.
    pub counts: Vec<u64>,
    /// Sum of all recorded values.
    pub sum: f64,
}

impl FixedHistogram {
    /// An empty histogram.
    ///
    /// # Errors
    /// When `bounds` is empty, not strictly ascending, or holds a value that is not finite.
    pub fn new(bounds: impl Into<Arc<[f64]>>) -> Result<Self, SettingsError> {
        let bounds = bounds.into();
        let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        if bounds.is_empty() || !ascending || bounds.iter().any(|bound| !bound.is_finite()) {
            let allowed = "a non-empty, strictly ascending list of finite numbers";
            return Err(SettingsError::new("buckets", format!("{bounds:?}"), allowed));
        }
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Ok(Self { bounds, counts, sum_bits: AtomicU64::new(0.0f64.to_bits()) })
    }

    /// Records one value. NaN is ignored and reported as `false`; infinities count, and make the sum infinite.
    pub fn record(&self, value: f64) -> bool {
        if value.is_nan() {
            return false;
        }
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        // Relaxed: the counts guard no other memory; readers only add them up.
        self.counts[bucket].fetch_add(1, Relaxed);
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        let _ = self.sum_bits.fetch_update(Relaxed, Relaxed, add);
        true
    }

    /// What has been recorded so far.
    #[must_use]
    pub fn snapshot(&self) -> FixedSnapshot {
        FixedSnapshot {
            bounds: Arc::clone(&self.bounds),
            counts: self.counts.iter().map(|count| count.load(Relaxed)).collect(),
            sum: f64::from_bits(self.sum_bits.load(Relaxed)),
        }
    }
}

impl FixedSnapshot {
    /// How many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Counts of all values up to each bound; the last entry is the total.
    #[must_use]
    pub fn cumulative(&self) -> Vec<u64> {
        self.counts
            .iter()
            .scan(0, |total, count| {
                *total += count;
                Some(*total)
            })
            .collect()
    }

    /// The same recordings in another unit: bounds and sum times `factor`, which must be above zero.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            bounds: self.bounds.iter().map(|bound| bound * factor).collect(),
            counts: self.counts.clone(),
            sum: self.sum * factor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_to_it() {
        let histogram = FixedHistogram::new([1.0, 10.0]).expect("valid bounds");
        for value in [0.5, 1.0, 1.1, 10.0, 11.0, f64::INFINITY] {
            assert!(histogram.record(value));
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.counts, [2, 2, 2]);
        assert_eq!(snapshot.cumulative(), [2, 4, 6]);
        assert_eq!(snapshot.count(), 6);
    }

    #[test]
    fn not_a_number_is_ignored() {
        let histogram = FixedHistogram::new([1.0]).expect("valid bounds");
        assert!(!histogram.record(f64::NAN));
        assert!(histogram.record(2.5));
        assert_eq!((histogram.snapshot().count(), histogram.snapshot().sum), (1, 2.5));
    }

    #[test]
    fn bad_bounds_are_refused() {
        for bad in [vec![], vec![2.0, 1.0], vec![1.0, 1.0], vec![f64::NAN], vec![f64::INFINITY]] {
            assert_eq!(FixedHistogram::new(bad).expect_err("bad bounds").field(), "buckets");
        }
    }

    #[test]
    fn concurrent_recordings_are_all_there() {
        let histogram = FixedHistogram::new([1.0, 2.0]).expect("valid bounds");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|n| assert!(histogram.record(f64::from(n % 3)))));
            }
        });
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.count(), snapshot.sum), (4_000, 4.0 * 999.0));
    }

    #[test]
    fn scaling_changes_the_unit_and_nothing_else() {
        let histogram = FixedHistogram::new([1.0, 2.0]).expect("valid bounds");
        histogram.record(1.5);
        let seconds = histogram.snapshot().scaled(0.001);
        assert_eq!(&*seconds.bounds, [0.001, 0.002]);
        assert_eq!((seconds.counts, seconds.sum), (vec![0, 1, 0], 0.0015));
    }
}
