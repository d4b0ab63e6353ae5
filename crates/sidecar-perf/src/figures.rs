//! What is shown of an operation.

use crate::book::Sum;
use crate::cells::{BUSY_NANOS, COMPLETIONS, FUTURE_NANOS, FUTURES, POLLS, edges};
use std::ops::Deref;
use std::sync::Arc;

/// A percentile, with bounds that contain the true one. All in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Percentile {
    /// Which: 0.5 is the median.
    pub quantile: f64,
    /// The estimate: the upper bound, so that a latency is never understated.
    pub value: f64,
    /// The least that it can be.
    pub lower: f64,
    /// The most that it can be, at most 1/32 (3.2 %) above `lower`.
    pub upper: f64,
}

/// Figures of one operation over a span of time.
///
/// What ended is counted. A figure that has nothing to stand on is `None`, never 0.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Figures {
    /// Seconds that these figures cover.
    pub span_seconds: f64,
    /// Operations that ended, however they did.
    pub count: u64,
    /// Those that did what they should.
    pub successes: u64,
    /// Those that said that they failed.
    pub failures: u64,
    /// Those that were given up.
    pub cancelled: u64,
    /// Those that unwound.
    pub panicked: u64,
    /// Failed and panicked ones as a share of all but the cancelled, from 0.0 to 1.0.
    pub error_rate: Option<f64>,
    /// Operations that ended, per second. `None` where no time has passed.
    pub throughput: Option<f64>,
    /// Durations that were recorded, which all latencies stand on: `count`, unless they are sampled.
    pub samples: u64,
    /// The shortest duration, in milliseconds.
    pub latency_min: Option<f64>,
    /// The longest duration, in milliseconds.
    pub latency_max: Option<f64>,
    /// The mean of the durations, in milliseconds.
    pub latency_avg: Option<f64>,
    /// The median of the durations, in milliseconds.
    pub latency_p50: Option<f64>,
    /// 95 of 100 durations are not above this, in milliseconds.
    pub latency_p95: Option<f64>,
    /// 99 of 100 durations are not above this, in milliseconds.
    pub latency_p99: Option<f64>,
    /// The percentiles of the settings. Empty where nothing was recorded.
    pub percentiles: Vec<Percentile>,
    /// Of futures: the mean time inside of polls, in milliseconds.
    pub busy_avg: Option<f64>,
    /// Of futures: the mean time between polls, in milliseconds.
    pub waiting_avg: Option<f64>,
    /// Of futures: the mean number of polls.
    pub polls_avg: Option<f64>,
}

/// One operation: its figures over the rolling window, which this reads as, and those since its start.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OperationMetrics {
    /// Its name.
    #[cfg_attr(feature = "serde", serde(serialize_with = "text"))]
    pub name: Arc<str>,
    /// Operations that have begun and not ended.
    pub in_flight: u64,
    /// Over the rolling window.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub window: Figures,
    /// Since the operation was first named.
    pub since_start: Figures,
}

impl Deref for OperationMetrics {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.window
    }
}

#[cfg(feature = "serde")]
fn text<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl Figures {
    pub(crate) fn of(sum: &Sum, percentiles: &[f64]) -> Self {
        let [successes, failures, cancelled, panicked] =
            *sum.sums.first_chunk::<COMPLETIONS>().expect("there are more sums than completions");
        let count = successes + failures + cancelled + panicked;
        let samples = sum.buckets.iter().sum();
        let share = |part: f64, whole: u64| (whole > 0).then(|| part / whole as f64);
        let span_seconds = sum.span_nanos as f64 / 1e9;
        let (min, max) = ends(sum).unzip();
        let mean = share(sum.nanos as f64 / 1e6, samples);
        let latency = |quantile| percentile(sum, samples, quantile).map(|found| found.value);
        let futures = sum.sums[FUTURES];
        let (busy, polled) = (sum.sums[BUSY_NANOS], sum.sums[FUTURE_NANOS]);
        Self {
            span_seconds,
            count,
            successes,
            failures,
            cancelled,
            panicked,
            error_rate: share((failures + panicked) as f64, count - cancelled),
            throughput: (sum.span_nanos > 0).then(|| count as f64 / span_seconds),
            samples,
            latency_min: min,
            latency_max: max,
            // Recordings under way are in one sum and not yet in the other; no mean is outside of the range.
            latency_avg: mean.zip(min).zip(max).map(|((mean, min), max)| mean.clamp(min, max)),
            latency_p50: latency(0.5),
            latency_p95: latency(0.95),
            latency_p99: latency(0.99),
            percentiles: percentiles
                .iter()
                .filter_map(|quantile| percentile(sum, samples, *quantile))
                .collect(),
            busy_avg: share(millis(busy), futures),
            waiting_avg: share(millis(polled.saturating_sub(busy)), futures),
            polls_avg: share(sum.sums[POLLS] as f64, futures),
        }
    }
}

/// Smallest and largest duration, in milliseconds. One recorded at the very end of a slice may be in another slice's
/// range than in its buckets; the edge of its bucket stands for it then.
fn ends(sum: &Sum) -> Option<(f64, f64)> {
    let lowest = sum.buckets.iter().position(|count| *count > 0)?;
    let highest = sum.buckets.iter().rposition(|count| *count > 0)?;
    let (least, most) = (edges(lowest), edges(highest));
    let min = if (least.0..=least.1).contains(&sum.range.min) { sum.range.min } else { least.0 };
    let max = if (most.0..=most.1).contains(&sum.range.max) { sum.range.max } else { most.1 };
    Some((millis(min), millis(max.max(min))))
}

/// By the nearest-rank rule: the smallest duration with at least `quantile * samples` durations up to it.
fn percentile(sum: &Sum, samples: u64, quantile: f64) -> Option<Percentile> {
    if samples == 0 {
        return None;
    }
    let rank = ((quantile * samples as f64).ceil() as u64).clamp(1, samples);
    let mut seen = 0;
    let bucket = sum.buckets.iter().position(|count| {
        seen += count;
        seen >= rank
    })?;
    let (lower, upper) = edges(bucket);
    let (lower, upper) = (lower.max(sum.bounds.min), upper.min(sum.bounds.max));
    Some(Percentile { quantile, value: millis(upper), lower: millis(lower), upper: millis(upper) })
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}
