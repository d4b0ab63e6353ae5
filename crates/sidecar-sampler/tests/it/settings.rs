//! Settings out of range are refused by name, with what is allowed.

use crate::support::secs;
use sidecar_sampler::{Sampler, SamplerBuilder};
use std::time::Duration;

type Set = fn(SamplerBuilder) -> SamplerBuilder;

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let cases: [(Set, &str); 10] = [
        (|b| b.anomaly_threshold(0), "anomaly_threshold is 0, but must be a number from 1 to 1000"),
        (|b| b.anomaly_threshold(1_001), "anomaly_threshold is 1001, but must be a number from 1 to 1000"),
        (
            |b| b.anomaly_window(Duration::ZERO),
            "anomaly_window is 0ns, but must be a duration from 1 ms to a day",
        ),
        (
            |b| b.anomaly_window(secs(86_401)),
            "anomaly_window is 86401s, but must be a duration from 1 ms to a day",
        ),
        (|b| b.boost_factor(0.9), "boost_factor is 0.9, but must be a number from 1.0 to 1000.0"),
        (|b| b.boost_factor(1_000.1), "boost_factor is 1000.1, but must be a number from 1.0 to 1000.0"),
        (|b| b.boost_factor(f64::NAN), "boost_factor is NaN, but must be a number from 1.0 to 1000.0"),
        (
            |b| b.boost_duration(Duration::ZERO),
            "boost_duration is 0ns, but must be a duration from 1 ms to a day",
        ),
        (
            |b| b.boost_duration(secs(86_401)),
            "boost_duration is 86401s, but must be a duration from 1 ms to a day",
        ),
        (
            |b| b.boost_cooldown(secs(86_401)),
            "boost_cooldown is 86401s, but must be a duration of at most a day",
        ),
    ];
    for (set, message) in cases {
        assert_eq!(set(Sampler::builder()).build().expect_err("out of range").to_string(), message);
    }
}

#[test]
fn the_ends_of_every_range_are_allowed() {
    let (short, long) = (Duration::from_millis(1), secs(86_400));
    let lowest = Sampler::builder().anomaly_threshold(1).anomaly_window(short).boost_factor(1.0);
    assert!(lowest.boost_duration(short).boost_cooldown(Duration::ZERO).build().is_ok());
    let highest = Sampler::builder().anomaly_threshold(1_000).anomaly_window(long).boost_factor(1_000.0);
    assert!(highest.boost_duration(long).boost_cooldown(long).build().is_ok());
}
