//! How long a breaker stays open: growth, jitter, wishes and the cap.

use crate::support::{NANO, World, secs};
use sidecar_breaker::{Breaker, BreakerBuilder, Hold, State, Verdict};
use std::time::Duration;

fn open_for(world: &World) -> Duration {
    world.breaker.snapshot().next_probe_in.expect("it is open")
}

/// Waits until a call may probe, and lets it fail.
fn fail_a_round(world: &World) -> Duration {
    world.advance(open_for(world));
    world.fail(1);
    open_for(world)
}

#[test]
fn it_grows_with_each_probe_that_fails_up_to_the_cap_and_begins_anew_after_a_recovery() {
    let world = World::with(|b| b.timeout(secs(10)).timeout_multiplier(2.0).max_timeout(secs(50)));
    world.fail(5);
    assert_eq!(open_for(&world), secs(10));
    let grown: Vec<_> = (0..4).map(|_| fail_a_round(&world)).collect();
    assert_eq!(grown, [secs(20), secs(40), secs(50), secs(50)]);
    world.advance(secs(50));
    world.succeed(2);
    world.fail(5);
    assert_eq!(open_for(&world), secs(10));
}

#[test]
fn a_round_without_a_verdict_lets_it_grow_too() {
    let world = World::with(|b| b.timeout(secs(10)).timeout_multiplier(3.0).probe_timeout(secs(5))).tripped();
    world.advance(secs(10));
    std::mem::forget(world.breaker.try_acquire().expect("a probe"));
    world.advance(secs(5));
    world.expect(State::Open);
    assert_eq!(open_for(&world), secs(30));
}

#[test]
fn without_a_multiplier_it_stays_as_it_is() {
    let world = World::new().tripped();
    assert_eq!((0..5).map(|_| fail_a_round(&world)).collect::<Vec<_>>(), [secs(60); 5]);
}

#[test]
fn jitter_lengthens_within_its_share_and_a_seed_repeats_it() {
    let periods = |seed| {
        let world = World::with(|b| b.timeout_jitter(0.5).seed(seed)).tripped();
        (0..20).map(|_| fail_a_round(&world)).collect::<Vec<_>>()
    };
    assert!(periods(1).iter().all(|period| (secs(60)..=secs(90)).contains(period)), "{:?}", periods(1));
    assert_eq!(periods(1), periods(1));
    assert_ne!(periods(1), periods(2));
    let unseeded = || {
        let world = World::with(|b| b.timeout_jitter(1.0)).tripped();
        open_for(&world)
    };
    assert_ne!(unseeded(), unseeded(), "two programs that start alike would probe at the same moment");
}

#[test]
fn a_wish_holds_only_for_the_opening_it_causes_and_up_to_the_cap() {
    let settings = |b: BreakerBuilder| b.failure_threshold(2).max_timeout(secs(300));
    for (wish, holds) in [(secs(10), secs(60)), (secs(200), secs(200)), (secs(86_400), secs(300))] {
        let world = World::with(settings);
        world.breaker.try_acquire().expect("closed").failure_with_retry_after(secs(250));
        world.expect(State::Closed);
        let _ = world.breaker.call_with(|_| Verdict::RetryAfter(wish), || Err::<(), _>("503"));
        world.expect(State::Open);
        assert_eq!(open_for(&world), holds);
        assert_eq!(fail_a_round(&world), secs(60), "the next opening is as long as any");
    }
}

#[test]
fn a_probe_may_wish_too() {
    let world = World::new().tripped();
    world.advance(secs(60));
    world.breaker.try_acquire_owned().expect("a probe").failure_with_retry_after(secs(100));
    assert_eq!(open_for(&world), secs(100));
    world.advance(secs(100) - NANO);
    assert!(world.breaker.try_acquire().is_err());
    world.advance(NANO);
    assert!(world.breaker.try_acquire().is_ok());
}

#[test]
fn a_state_that_is_held_knows_no_open_time() {
    let world = World::with(|b| b.timeout_jitter(1.0).timeout_multiplier(9.0));
    world.breaker.force_open_with(Hold::new().ttl(secs(7)));
    assert_eq!(world.breaker.snapshot().hold_ends_in, Some(secs(7)));
}

#[test]
fn values_out_of_range_are_refused_by_field_value_and_range() {
    type Set = fn(BreakerBuilder) -> BreakerBuilder;
    let cases: [(Set, &str, &str); 7] = [
        (|b| b.timeout_multiplier(0.99), "timeout_multiplier", "0.99"),
        (|b| b.timeout_multiplier(100.5), "timeout_multiplier", "100.5"),
        (|b| b.timeout_multiplier(f64::NAN), "timeout_multiplier", "NaN"),
        (|b| b.max_timeout(secs(59)), "max_timeout", "59s"),
        (|b| b.timeout_jitter(-0.1), "timeout_jitter", "-0.1"),
        (|b| b.timeout_jitter(1.1), "timeout_jitter", "1.1"),
        (|b| b.timeout_jitter(f64::NAN), "timeout_jitter", "NaN"),
    ];
    for (set, field, value) in cases {
        let error = set(Breaker::builder("b")).build().expect_err(field);
        assert_eq!((error.field(), error.value()), (field, value));
        assert!(!error.allowed().is_empty());
    }
}
