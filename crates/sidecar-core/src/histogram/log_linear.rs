//! Percentiles of integers over their whole range, with a known error and fixed memory.

/// Each power of two is split into this many equal buckets.
const PER_OCTAVE: u64 = 1 << PRECISION;
const PRECISION: u32 = 5;
/// Values below `PER_OCTAVE` have a bucket each; every octave above adds `PER_OCTAVE` buckets.
const BUCKETS: usize = ((64 - PRECISION + 1) as usize) * PER_OCTAVE as usize;

/// A log-linear histogram of `u64` values: 1 920 buckets, 15 KiB, relative width at most 1/32 (3.2 %).
///
/// The layout is that of H2 histograms: a linear part below 32, then 32 equal buckets per power of two,
/// found with shifts instead of a logarithm.
#[derive(Clone, Debug)]
pub struct LogLinear {
    counts: Box<[u64]>,
    total: u64,
    min: u64,
    max: u64,
}

/// A percentile with bounds that contain the true order statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantile {
    /// The smallest value it can be.
    pub lower: u64,
    /// The largest value it can be; reported as the estimate, so that a latency is never understated.
    pub upper: u64,
}

impl LogLinear {
    /// Bytes on the heap.
    pub const BYTES: usize = BUCKETS * size_of::<u64>();

    /// An empty histogram.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), total: 0, min: u64::MAX, max: 0 }
    }

    /// Counts `value` once.
    pub fn record(&mut self, value: u64) {
        self.counts[bucket_of(value)] += 1;
        self.total += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// How many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The largest value, or `None` when nothing was recorded.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (self.total > 0).then_some(self.max)
    }

    /// The `q`-quantile, by the nearest-rank rule: the smallest value with at least `q * count` values up
    /// to it. `q` is clamped to 0.0..=1.0. `None` when nothing was recorded: an empty histogram has no zero.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        if self.total == 0 {
            return None;
        }
        let rank = ((q.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).clamp(1, self.total);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        let (lower, upper) = edges_of(bucket);
        Some(Quantile { lower: lower.max(self.min), upper: upper.min(self.max) })
    }
}

impl Default for LogLinear {
    fn default() -> Self {
        Self::new()
    }
}

/// The bucket of a value, counted from 0 up.
#[must_use]
#[inline]
pub fn bucket_of(value: u64) -> usize {
    if value < PER_OCTAVE {
        return value as usize;
    }
    let octave = value.ilog2() - PRECISION;
    let within = (value >> octave) - PER_OCTAVE;
    ((u64::from(octave) + 1) * PER_OCTAVE + within) as usize
}

/// Smallest and largest value of a bucket, which is below 1 920.
#[must_use]
pub fn edges_of(bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    if bucket < PER_OCTAVE {
        return (bucket, bucket);
    }
    let octave = bucket / PER_OCTAVE - 1;
    let lower = (PER_OCTAVE + bucket % PER_OCTAVE) << octave;
    (lower, lower + ((1 << octave) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_recorded_means_no_answer() {
        assert_eq!(LogLinear::new().quantile(0.5), None);
        assert_eq!(LogLinear::new().max(), None);
    }

    #[test]
    fn the_buckets_tile_the_whole_range() {
        let mut next = 0u64;
        for bucket in 0..BUCKETS {
            let (lower, upper) = edges_of(bucket);
            assert_eq!(lower, next, "bucket {bucket}");
            assert_eq!((bucket_of(lower), bucket_of(upper)), (bucket, bucket));
            next = upper.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends at u64::MAX");
    }

    proptest! {
        #[test]
        fn the_bounds_contain_the_true_order_statistic(
            mut values in prop::collection::vec(any::<u64>(), 1..200),
            q in 0.0..=1.0f64,
        ) {
            let mut histogram = LogLinear::new();
            values.iter().for_each(|value| histogram.record(*value));
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let truth = values[rank - 1];
            let found = histogram.quantile(q).expect("not empty");
            prop_assert!(found.lower <= truth && truth <= found.upper, "{found:?} {truth}");
            prop_assert!((found.upper - found.lower) as f64 <= found.lower as f64 / 32.0 + 1.0);
        }
    }
}
