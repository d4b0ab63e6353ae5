//! Counts and durations of one span of time, and what is worked out from them.

use crate::buckets::{BUCKETS, edges_of};
use crate::cells::Totals;
use crate::slice::Slice;
use std::time::Duration;

/// Slices, added up.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// How much time it covers.
    pub(crate) nanos: u64,
    pub(crate) completions: [u64; 4],
    sum: u64,
    min: u64,
    max: u64,
    busy: u64,
    waited: u64,
    polls: u64,
    buckets: Vec<u64>,
}

impl Default for Sum {
    fn default() -> Self {
        Self::since(0, &Totals::new(), (u64::MAX, 0))
    }
}

impl Sum {
    pub(crate) fn since(nanos: u64, totals: &Totals, (min, max): (u64, u64)) -> Self {
        Self {
            nanos,
            completions: totals.completions,
            sum: totals.sum,
            min,
            max,
            busy: totals.busy,
            waited: totals.waited,
            polls: totals.polls,
            buckets: totals.buckets.clone(),
        }
    }

    pub(crate) fn add(&mut self, slice: &Slice) {
        for (mine, theirs) in self.completions.iter_mut().zip(&slice.completions) {
            *mine += theirs;
        }
        self.sum = self.sum.wrapping_add(slice.sum);
        self.min = self.min.min(slice.min);
        self.max = self.max.max(slice.max);
        self.busy = self.busy.wrapping_add(slice.busy);
        self.waited = self.waited.wrapping_add(slice.waited);
        self.polls += slice.polls;
        slice.add_buckets_to(&mut self.buckets);
    }

    pub(crate) fn samples(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// How many of the measured durations may be longer than `limit` nanoseconds.
    pub(crate) fn may_be_above(&self, limit: u64) -> u64 {
        // No duration is longer than the longest one.
        let is_above = |bucket: usize| edges_of(bucket).1.min(self.max) > limit;
        self.buckets.iter().enumerate().filter(|(bucket, _)| is_above(*bucket)).map(|(_, count)| count).sum()
    }

    /// Counts up to each bound in seconds, and above the last one; a bucket on both sides of a bound counts above it.
    pub(crate) fn counts_below(&self, bounds: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; bounds.len() + 1];
        for (bucket, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let seconds = edges_of(bucket).1 as f64 / 1e9;
            counts[bounds.partition_point(|bound| *bound < seconds)] += count;
        }
        counts
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.sum as f64 / 1e9
    }

    /// By the nearest-rank rule: the smallest duration with at least `quantile * measured` durations up to it.
    /// Ascending ones are found in one pass.
    fn percentiles(&self, quantiles: &[f64]) -> Vec<Percentile> {
        let samples = self.samples();
        if samples == 0 {
            return Vec::new();
        }
        let (mut bucket, mut seen) = (0, self.buckets[0]);
        let find = |quantile: &f64| {
            let rank = ((quantile * samples as f64).ceil() as u64).clamp(1, samples);
            if seen - self.buckets[bucket] >= rank {
                // Not ascending: begin again.
                (bucket, seen) = (0, self.buckets[0]);
            }
            while seen < rank && bucket + 1 < BUCKETS {
                bucket += 1;
                seen += self.buckets[bucket];
            }
            let (lower, upper) = edges_of(bucket);
            Percentile {
                quantile: *quantile,
                value: Duration::from_nanos(self.max.clamp(lower, upper)),
                lower: Duration::from_nanos(lower),
                upper: Duration::from_nanos(upper),
            }
        };
        quantiles.iter().map(find).collect()
    }

    pub(crate) fn figures(&self, quantiles: &[f64]) -> Figures {
        let [successes, failures, cancelled, panicked] = self.completions;
        let settled = successes + failures + panicked;
        let samples = self.samples();
        let average = |sum: u64| (samples > 0).then(|| sum as f64 / samples as f64 / NANOS_PER_MS);
        let known = |nanos: u64| (samples > 0).then(|| nanos as f64 / NANOS_PER_MS);
        let usual = self.percentiles(&[0.5, 0.95, 0.99]);
        let usual = |place: usize| usual.get(place).map(|found| found.value.as_nanos() as f64 / NANOS_PER_MS);
        Figures {
            seconds: self.nanos as f64 / 1e9,
            count: settled + cancelled,
            successes,
            failures,
            cancelled,
            panicked,
            error_rate: (settled > 0).then(|| (failures + panicked) as f64 / settled as f64),
            throughput: if self.nanos == 0 {
                0.0
            } else {
                (settled + cancelled) as f64 / (self.nanos as f64 / 1e9)
            },
            samples,
            latency_min: known(self.min),
            latency_max: known(self.max),
            latency_avg: average(self.sum),
            latency_p50: usual(0),
            latency_p95: usual(1),
            latency_p99: usual(2),
            percentiles: self.percentiles(quantiles),
            polls: self.polls,
            busy: Duration::from_nanos(self.busy),
            waiting: Duration::from_nanos(self.waited),
        }
    }
}

const NANOS_PER_MS: f64 = 1e6;

/// Counts and durations of one span of time. Durations named `latency_..` are in milliseconds, and missing where
/// none was measured: an empty span has no zero.
///
/// Durations are those of all operations that ended, however they did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Figures {
    /// How much time is covered, in seconds.
    pub seconds: f64,
    /// Operations that ended: the sum of the four below.
    pub count: u64,
    /// Those that succeeded.
    pub successes: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were given up.
    pub cancelled: u64,
    /// Those that panicked.
    pub panicked: u64,
    /// The share of those that failed or panicked, from 0.0 to 1.0; cancelled ones count on neither side. `None` where
    /// none of the others ended.
    pub error_rate: Option<f64>,
    /// Operations that ended, per second.
    pub throughput: f64,
    /// Durations that were recorded: all, or a sample of them.
    pub samples: u64,
    /// The shortest one, in milliseconds.
    pub latency_min: Option<f64>,
    /// The longest one, in milliseconds.
    pub latency_max: Option<f64>,
    /// Their mean, in milliseconds.
    pub latency_avg: Option<f64>,
    /// Their median, in milliseconds; like all percentiles never understated, and at most 3.2 % too long.
    pub latency_p50: Option<f64>,
    /// What 95 % of them do not exceed, in milliseconds.
    pub latency_p95: Option<f64>,
    /// What 99 % of them do not exceed, in milliseconds.
    pub latency_p99: Option<f64>,
    /// The percentiles that the monitor is set to, in that order; none where no duration was measured.
    pub percentiles: Vec<Percentile>,
    /// Polls of measured futures.
    pub polls: u64,
    /// Time inside those polls: that of slow code.
    pub busy: Duration,
    /// Time between those polls: that of waiting, for a dependency or for a worker thread.
    pub waiting: Duration,
}

/// A percentile, and bounds that contain the true order statistic of the durations that were measured.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Percentile {
    /// Which one, from 0.0 to 1.0.
    pub quantile: f64,
    /// The estimate: never below the true one.
    pub value: Duration,
    /// The shortest it can be.
    pub lower: Duration,
    /// The longest it can be.
    pub upper: Duration,
}
