//! Counts under given upper bounds, as Prometheus histograms expose them.

mod tally;

use crate::settings::SettingsError;
use std::sync::Arc;
use tally::Tally;

/// Up to this many bounds are compared with a value one after the other, without a branch: faster than a search.
const FEW_BOUNDS: usize = 32;

/// A histogram over fixed, ascending upper bounds. Recording takes no lock and waits for nobody. A thread that records
/// often has a cell of its own, and then needs no atomic read-modify-write either; at most 16 threads at a time do.
///
/// A snapshot is not torn: its count is the sum of its buckets, and its sum is that of exactly the values it counts,
/// whatever is recorded meanwhile. Only where recordings of one thread follow each other so closely that a thousand
/// looks all fell into one, the sum may lead or trail by values in flight; and where more than 16 threads record and
/// one of those without a cell is stopped in the middle of it while a second one records.
///
/// Memory: with `n` bounds, `n + 4` words of 8 bytes in whole lines of 64 bytes, and 64 bytes more, for each of up to
/// 16 threads and once for all others.
#[derive(Debug)]
pub struct FixedHistogram {
    bounds: Arc<[f64]>,
    tally: Tally,
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
        let tally = Tally::new(bounds.len() + 1);
        Ok(Self { bounds, tally })
    }

    /// Records one value. NaN is ignored and reported as `false`; infinities count, and make the sum infinite, or NaN
    /// where both were recorded.
    #[inline]
    pub fn record(&self, value: f64) -> bool {
        if value.is_nan() {
            return false;
        }
        self.tally.record(self.bucket(value), value);
        true
    }

    /// Records one value many times, in one step for those who read. NaN is ignored and reported as `false`.
    pub fn record_many(&self, value: f64, times: u64) -> bool {
        if value.is_nan() {
            return false;
        }
        if times > 0 {
            self.tally.add([(self.bucket(value), times)], value * times as f64);
        }
        true
    }

    /// The first bucket whose bound is not below the value.
    #[inline]
    fn bucket(&self, value: f64) -> usize {
        if self.bounds.len() <= FEW_BOUNDS {
            self.bounds.iter().map(|bound| usize::from(*bound < value)).sum()
        } else {
            self.bounds.partition_point(|bound| *bound < value)
        }
    }

    /// Adds all recordings of another histogram, in one step for those who read.
    ///
    /// # Panics
    /// When it has more buckets.
    pub fn add(&self, other: &FixedSnapshot) {
        let counts = other.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0);
        self.tally.add(counts, other.sum);
    }

    /// What has been recorded so far.
    #[must_use]
    pub fn snapshot(&self) -> FixedSnapshot {
        let (counts, sum) = self.tally.read();
        FixedSnapshot { bounds: Arc::clone(&self.bounds), counts, sum }
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

#[cfg(all(test, not(sidecar_loom)))]
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
    fn every_number_of_bounds_finds_the_same_bucket() {
        for count in [1, 2, 13, FEW_BOUNDS, FEW_BOUNDS + 1, 100] {
            let bounds: Vec<f64> = (0..count).map(|at| at as f64).collect();
            let histogram = FixedHistogram::new(bounds.clone()).expect("valid bounds");
            for value in [-1.0, 0.0, 0.5, 1.0, 12.0, 12.5, 31.5, 99.0, 99.5, f64::INFINITY, f64::NEG_INFINITY]
            {
                let expected = bounds.iter().position(|bound| value <= *bound).unwrap_or(count);
                assert_eq!(histogram.bucket(value), expected, "{value} under {count} bounds");
            }
        }
    }

    #[test]
    fn infinities_of_both_signs_are_counted_and_their_sum_is_no_number() {
        let histogram = FixedHistogram::new([1.0]).expect("valid bounds");
        assert!(histogram.record(f64::INFINITY));
        assert_eq!(histogram.snapshot().sum, f64::INFINITY);
        assert!(histogram.record(f64::NEG_INFINITY) && histogram.record(1.0));
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.counts, snapshot.sum.is_nan()), (vec![2, 1], true));
    }

    #[test]
    fn another_histogram_is_added_bucket_by_bucket() {
        let (one, other) = (FixedHistogram::new([1.0]), FixedHistogram::new([1.0]));
        let (one, other) = (one.expect("valid bounds"), other.expect("valid bounds"));
        [0.5, 2.0, 3.0].into_iter().for_each(|value| assert!(other.record(value)));
        assert!(one.record(4.0));
        one.add(&other.snapshot());
        let snapshot = one.snapshot();
        assert_eq!((snapshot.counts, snapshot.sum), (vec![1, 3], 9.5));
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
