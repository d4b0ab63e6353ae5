//! What operations add to: plain atomics that only grow, and the two ends of the range since the last slice.

use sidecar_core::histogram::{bucket_of, edges_of};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The longest duration that is told apart, in nanoseconds: 78 hours. A longer one counts as this.
pub(crate) const MAX_NANOS: u64 = (1 << 48) - 1;
/// Buckets up to [`MAX_NANOS`], 1/32 wide at most.
pub(crate) const BUCKETS: usize = 1_408;

/// Sums beside the buckets. The first four are the completions, in the order of `Completion::ALL`.
pub(crate) const COMPLETIONS: usize = 4;
/// Nanoseconds of all recorded durations.
pub(crate) const NANOS: usize = 4;
/// Recorded durations of futures; the nanoseconds of those, from first poll to end; those inside of polls; and polls.
pub(crate) const FUTURES: usize = 5;
pub(crate) const FUTURE_NANOS: usize = 6;
pub(crate) const BUSY_NANOS: usize = 7;
pub(crate) const POLLS: usize = 8;
const SUMS: usize = 9;

/// Nine sums, each of which wraps.
pub(crate) type Sums = [u64; SUMS];

/// What a future did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Polled {
    pub(crate) polls: u64,
    pub(crate) busy_nanos: u64,
}

#[derive(Debug)]
pub(crate) struct Cells {
    sums: [AtomicU64; SUMS],
    buckets: Box<[AtomicU64]>,
    min: AtomicU64,
    max: AtomicU64,
}

impl Cells {
    pub(crate) fn new() -> Self {
        Self {
            sums: std::array::from_fn(|_| AtomicU64::new(0)),
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            min: AtomicU64::new(u64::MAX),
            max: AtomicU64::new(0),
        }
    }

    /// Counts one end. Returns how many of the kind there were before.
    #[inline]
    pub(crate) fn count(&self, completion: usize) -> u64 {
        // Relaxed: the sums guard no other memory; readers only look at them.
        self.sums[completion].fetch_add(1, Relaxed)
    }

    #[inline]
    pub(crate) fn record(&self, nanos: u64, polled: Option<Polled>) {
        let nanos = nanos.min(MAX_NANOS);
        if nanos < self.min.load(Relaxed) {
            self.min.fetch_min(nanos, Relaxed);
        }
        if nanos > self.max.load(Relaxed) {
            self.max.fetch_max(nanos, Relaxed);
        }
        self.sums[NANOS].fetch_add(nanos, Relaxed);
        if let Some(polled) = polled {
            self.sums[FUTURES].fetch_add(1, Relaxed);
            self.sums[FUTURE_NANOS].fetch_add(nanos, Relaxed);
            self.sums[BUSY_NANOS].fetch_add(polled.busy_nanos.min(nanos), Relaxed);
            self.sums[POLLS].fetch_add(polled.polls, Relaxed);
        }
        // Release pairs with the Acquire of `buckets`: whoever sees this one sees the ends of the range around it.
        self.buckets[bucket_of(nanos)].fetch_add(1, Release);
    }

    pub(crate) fn sums(&self) -> Sums {
        std::array::from_fn(|which| self.sums[which].load(Relaxed))
    }

    pub(crate) fn buckets(&self) -> impl Iterator<Item = u64> {
        self.buckets.iter().map(|bucket| bucket.load(Acquire))
    }

    /// The ends of the range since they were last taken. To be asked after the buckets.
    pub(crate) fn range(&self) -> Range {
        Range { min: self.min.load(Relaxed), max: self.max.load(Relaxed) }
    }

    pub(crate) fn take_range(&self) -> Range {
        Range { min: self.min.swap(u64::MAX, Relaxed), max: self.max.swap(0, Relaxed) }
    }
}

/// Smallest and largest duration, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Range {
    pub(crate) const EMPTY: Self = Self { min: u64::MAX, max: 0 };

    pub(crate) fn with(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// Edges of a bucket, in nanoseconds.
pub(crate) fn edges(bucket: usize) -> (u64, u64) {
    edges_of(bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buckets_end_at_the_longest_duration() {
        assert_eq!(bucket_of(MAX_NANOS) + 1, BUCKETS);
        assert_eq!(edges(BUCKETS - 1).1, MAX_NANOS);
    }
}
