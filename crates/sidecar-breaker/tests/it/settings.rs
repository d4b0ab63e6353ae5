//! Settings: defaults, getters, and what is refused.

use crate::support::secs;
use sidecar_breaker::{Breaker, BreakerBuilder, BreakerSettings, BreakerSnapshot, Dropped, State};
use sidecar_core::Clock;
use std::time::Duration;

#[test]
fn the_defaults_are_the_documents() {
    let settings = BreakerSettings::default();
    assert_eq!(settings.failure_threshold(), 5);
    assert_eq!(settings.sliding_window(), secs(120));
    assert_eq!(settings.timeout(), secs(60));
    assert_eq!(settings.half_open_max_calls(), 3);
    assert_eq!(settings.success_threshold(), 2);
    assert_eq!(settings.probe_timeout(), secs(60));
    assert_eq!(settings.dropped(), Dropped::Ignore);
    assert_eq!(settings.validate(), Ok(()));
}

#[test]
fn the_builder_and_the_value_say_the_same() {
    let built = Breaker::builder("b")
        .failure_threshold(7)
        .sliding_window(secs(1))
        .timeout(secs(2))
        .half_open_max_calls(4)
        .success_threshold(3)
        .probe_timeout(secs(5))
        .dropped(Dropped::Failure)
        .build()
        .expect("valid");
    let mut value = BreakerSettings::default();
    value.set_failure_threshold(7).set_sliding_window(secs(1)).set_timeout(secs(2));
    value.set_half_open_max_calls(4).set_success_threshold(3).set_probe_timeout(secs(5));
    value.set_dropped(Dropped::Failure);
    assert_eq!(built.settings(), value);
    let again = Breaker::builder("b").settings(value.clone()).build().expect("valid");
    assert_eq!(again.settings(), value);
}

#[test]
fn values_out_of_range_are_refused_by_field_value_and_range() {
    type Set = fn(BreakerBuilder) -> BreakerBuilder;
    let cases: [(Set, &str, &str); 8] = [
        (|b| b.failure_threshold(0), "failure_threshold", "0"),
        (|b| b.sliding_window(Duration::ZERO), "sliding_window", "0ns"),
        (|b| b.timeout(Duration::ZERO), "timeout", "0ns"),
        (|b| b.half_open_max_calls(0), "half_open_max_calls", "0"),
        (|b| b.half_open_max_calls(256), "half_open_max_calls", "256"),
        (|b| b.success_threshold(0), "success_threshold", "0"),
        (|b| b.probe_timeout(Duration::ZERO), "probe_timeout", "0ns"),
        (|b| b.half_open_max_calls(u32::MAX), "half_open_max_calls", "4294967295"),
    ];
    for (set, field, value) in cases {
        let error = set(Breaker::builder("b")).build().expect_err(field);
        assert_eq!((error.field(), error.value()), (field, value));
        assert!(!error.allowed().is_empty());
    }
}

#[test]
fn a_refused_name_is_shown_from_its_start() {
    let error = Breaker::builder("x".repeat(5_000)).build().expect_err("long");
    assert_eq!(error.value(), format!("{:?}... (5000 bytes)", "x".repeat(32)));
    assert_eq!(Breaker::builder("").build().expect_err("empty").value(), "\"\" (0 bytes)");
}

#[test]
fn a_name_is_one_to_256_bytes() {
    assert_eq!(Breaker::builder("").build().expect_err("empty").field(), "name");
    assert_eq!(Breaker::builder("x".repeat(257)).build().expect_err("long").field(), "name");
    let longest = "x".repeat(256);
    assert_eq!(Breaker::builder(longest.as_str()).build().expect("valid").name(), longest);
}

#[test]
fn the_ends_of_every_range_work() {
    let (clock, hand) = Clock::mock();
    let small = Breaker::builder("small")
        .failure_threshold(1)
        .sliding_window(Duration::from_nanos(1))
        .timeout(Duration::from_nanos(1))
        .half_open_max_calls(1)
        .success_threshold(1)
        .clock(clock.clone())
        .build()
        .expect("valid");
    assert!(small.call(|| Err::<(), _>(())).is_err());
    assert_eq!(small.state(), State::Open);
    hand.increment(1_u64);
    assert_eq!(small.call(|| Ok::<_, ()>(())), Ok(()));
    assert_eq!(small.state(), State::Closed);

    let large = Breaker::builder("large")
        .failure_threshold(u32::MAX)
        .sliding_window(Duration::MAX)
        .timeout(Duration::MAX)
        .half_open_max_calls(255)
        .success_threshold(u32::MAX)
        .probe_timeout(Duration::MAX)
        .clock(clock)
        .build()
        .expect("valid");
    for _ in 0..10_000 {
        assert!(large.call(|| Err::<(), _>(())).is_err());
    }
    assert_eq!((large.state(), large.snapshot().failure_count), (State::Closed, 10_000));
    large.trip();
    assert_eq!(large.state(), State::Open);
}

/// Settings and snapshots promise no total equality: which of the two `impl`s is meant can be told only of
/// types that are not `Eq`, and for others this does not compile.
trait OnlyPartialEq<Marker> {
    const HOLDS: bool = true;
}
struct Total;
impl<T: PartialEq> OnlyPartialEq<()> for T {}
impl<T: Eq> OnlyPartialEq<Total> for T {}

const _: bool = <BreakerSettings as OnlyPartialEq<_>>::HOLDS && <BreakerSnapshot as OnlyPartialEq<_>>::HOLDS;
