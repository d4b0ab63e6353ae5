//! What calls cost in memory: nothing, once a breaker is warm.

use crate::support::{NANO, TIMEOUT, World, is_refused, succeed};
use sidecar_breaker::{Breaker, BreakerRegistry, CallError, Policy, State};
use sidecar_harness::Draws;
use sidecar_harness::alloc::{Counting, Tally, assert_allocates_nothing, counted};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_allocator_of_these_tests_counts() {
    let (_kept, tally) = counted(|| Box::new(std::hint::black_box(0_u64)));
    assert_eq!(tally, Tally { allocations: 1, live_bytes: 8 });
}

#[test]
fn a_success_through_a_closed_breaker_allocates_nothing() {
    let world = World::new();
    assert_allocates_nothing(|| world.succeed(1));
    assert_allocates_nothing(|| world.breaker.try_acquire().expect("it is closed").success());
    world.expect(State::Closed);
}

#[test]
fn a_refusal_by_an_open_breaker_allocates_nothing() {
    let world = World::new();
    world.fail(5);
    assert_allocates_nothing(|| assert!(is_refused(&world.breaker)));
    assert_allocates_nothing(|| assert!(matches!(succeed(&world.breaker), Err(CallError::Rejected(_)))));
    world.advance(TIMEOUT - NANO);
    assert_allocates_nothing(|| assert!(is_refused(&world.breaker)));
    world.expect(State::Open);
}

#[test]
fn asking_a_registry_for_a_handle_allocates_nothing() {
    let registry = BreakerRegistry::new();
    for number in 0..100 {
        registry.register(Breaker::builder(format!("breaker {number}"))).expect("room");
    }
    assert_allocates_nothing(|| assert!(registry.get("breaker 42").is_some()));
    assert_allocates_nothing(|| assert!(registry.get("absent").is_none()));
    assert_allocates_nothing(|| assert_eq!(registry.state_of("breaker 42"), Some(State::Closed)));
    assert_allocates_nothing(|| assert!(registry.reset("breaker 42")));
}

#[test]
fn outcomes_that_are_judged_allocate_nothing_whatever_the_policy() {
    let policies: [Policy; 6] = [
        Policy::failures(1_000).within(NANO).into(),
        Policy::failures(u32::MAX).into(),
        Policy::consecutive_failures(u32::MAX),
        Policy::failure_rate(1.0).min_calls(100_000).into(),
        Policy::failure_rate(1.0).over_calls(100).into(),
        Policy::slow_call_rate(1.0, Duration::from_secs(1)).or(Policy::failures(u32::MAX)),
    ];
    for policy in policies {
        let world = World::with(|builder| builder.policy(policy.clone()));
        assert_allocates_nothing(|| {
            world.succeed(1);
            world.advance(NANO);
            world.fail(1);
        });
        world.expect(State::Closed);
    }
}

#[test]
fn probes_and_what_half_open_refuses_and_late_results_allocate_nothing() {
    let world = World::with(|builder| builder.half_open_max_calls(1)).due();
    let probe = world.breaker.try_acquire_owned().expect("a place");
    assert_allocates_nothing(|| assert!(is_refused(&world.breaker)));
    assert_allocates_nothing(|| world.breaker.try_acquire().map_or((), |probe| probe.ignore()));
    drop(probe);
    assert_allocates_nothing(|| world.breaker.try_acquire().expect("the place is free").ignore());
    let world = World::new();
    let mut permits: Vec<_> =
        (0..1_001).map(|_| world.breaker.try_acquire_owned().expect("closed")).collect();
    world.breaker.reset();
    assert_allocates_nothing(|| permits.pop().expect("as many as calls").failure());
    assert_eq!(world.breaker.snapshot().late, 1_001);
}

/// Failures among successes until the breaker opens, refusals, probes of which some fail, and all is well again.
fn outage(world: &World, draws: &mut Draws) {
    while world.breaker.state() == State::Closed {
        if draws.below(4) == 0 {
            world.succeed(1)
        } else {
            world.fail(1)
        }
        world.advance(Duration::from_micros(draws.below(1_000)));
    }
    for _ in 0..draws.below(8) {
        assert!(is_refused(&world.breaker));
    }
    world.advance(TIMEOUT);
    while draws.below(3) == 0 {
        world.fail(1);
        world.expect(State::Open);
        world.advance(TIMEOUT);
    }
    world.succeed(2);
    world.expect(State::Closed);
}

/// After a warm-up, outages leave as much memory in use as there was.
fn assert_outages_leave_nothing(world: &World, outages: usize) {
    let draws = &mut Draws::seeded(7);
    (0..outages / 1_000 + 20).for_each(|_| outage(world, draws));
    let ((), tally) = counted(|| (0..outages).for_each(|_| outage(world, draws)));
    assert_eq!(tally.live_bytes, 0, "{tally:?}");
}

#[test]
fn a_hundred_thousand_outages_leave_not_one_byte_behind() {
    assert_outages_leave_nothing(&World::new(), 100_000);
}

#[test]
fn an_outage_of_many_failures_leaves_not_one_byte_behind() {
    assert_outages_leave_nothing(&World::with(|builder| builder.failure_threshold(1_000)), 100);
}

#[cfg(feature = "tower")]
mod layer {
    use super::*;
    use crate::script::{Script, poll};
    use crate::tower::{Fake, service};
    use ::tower::ServiceExt as _;
    use std::pin::pin;
    use std::task::Poll;

    #[test]
    fn calls_and_refusals_through_the_layer_allocate_nothing() {
        let (world, fake) = (World::new(), Fake::with_readiness(Script::OK));
        let service = service(&world, &fake);
        let call = || poll(pin!(service.clone().oneshot(Script::OK)));
        assert_allocates_nothing(|| assert_eq!(call(), Poll::Ready(Ok(()))));
        assert_allocates_nothing(|| {
            let mut call = pin!(service.clone().oneshot(Script::OK.waiting(2)));
            assert!(poll(call.as_mut()).is_pending() && poll(call).is_pending());
        });
        world.breaker.trip();
        assert_allocates_nothing(|| {
            assert!(matches!(call(), Poll::Ready(Err(CallError::Rejected(_)))));
        });
    }
}

#[test]
fn a_breaker_takes_no_more_than_the_documented_memory() {
    let build =
        |threshold| counted(|| World::with(|builder| builder.failure_threshold(threshold))).1.live_bytes;
    // The clock's hand and the name of the world are not the breaker's.
    let usual = build(5);
    assert!((2_560..=3_328).contains(&usual), "{usual} bytes");
    assert_eq!(build(1_024) - build(128), 8 * (1_024 - 128));
}
