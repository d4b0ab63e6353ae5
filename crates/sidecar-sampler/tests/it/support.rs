//! A sampler in virtual time, and the statistics of its decisions.

use sidecar_core::clock::Mock;
use sidecar_sampler::{Anomaly, Clock, Sampler, SamplerBuilder, Signal, SignalStats};
use std::sync::Arc;
use std::time::Duration;

/// The shortest time there is.
pub(crate) const NANO: Duration = Duration::from_nanos(1);

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) struct World {
    pub(crate) sampler: Sampler,
    pub(crate) time: Arc<Mock>,
}

impl World {
    pub(crate) fn with(set: impl FnOnce(SamplerBuilder) -> SamplerBuilder) -> Self {
        let (clock, time) = Clock::mock();
        time.increment(secs(1_000));
        let sampler = set(Sampler::builder()).clock(clock).build().expect("valid settings");
        Self { sampler, time }
    }

    /// Every rate 0.1, so that a boost makes 0.5 of it.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder.rate("events", 0.1))
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.time.increment(duration);
    }

    pub(crate) fn rate(&self, event_type: &str) -> f64 {
        self.sampler.rate(self.sampler.intern(event_type))
    }

    /// Reports errors of a signal; whether the last began a boost, and none before it.
    pub(crate) fn errors(&self, signal: &str, count: u32) -> bool {
        for _ in 1..count {
            assert!(!self.sampler.report_anomaly(signal, Anomaly::Error));
        }
        self.sampler.report_anomaly(signal, Anomaly::Error)
    }

    pub(crate) fn stats(&self, signal: Signal) -> SignalStats {
        self.sampler.stats().signal(signal).expect("every signal is there").clone()
    }
}

/// Five standard deviations of a binomial count: about one false alarm in 1.7 million draws of a seed.
pub(crate) fn tolerance(n: f64, p: f64) -> f64 {
    5.0 * (n * p * (1.0 - p)).sqrt()
}

/// How far a count is from what a binomial distribution lets expect must lie within the [`tolerance`].
#[track_caller]
pub(crate) fn assert_binomial(count: u32, n: u32, p: f64) {
    let (count, expected) = (f64::from(count), f64::from(n) * p);
    assert!((count - expected).abs() <= tolerance(f64::from(n), p), "p {p}: {count}, expected {expected}");
}

/// Pearson's chi-square of a 2x2 table. 25 with one degree of freedom is passed once in 1.7 million seeds.
#[track_caller]
pub(crate) fn assert_independent(both: f64, only_first: f64, only_second: f64, neither: f64) {
    let n = both + only_first + only_second + neither;
    let (first, second) = (both + only_first, both + only_second);
    let difference = both * neither - only_first * only_second;
    let chi_square = n * difference * difference / (first * (n - first) * second * (n - second));
    assert!(chi_square < 25.0, "chi-square {chi_square} of {both} {only_first} {only_second} {neither}");
}
