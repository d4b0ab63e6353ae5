//! Closed, open, half-open and back.

use crate::support::{NANO, TIMEOUT, WINDOW, World, is_refused, secs};
use sidecar_breaker::{CallError, Cause, RejectReason, State};

#[test]
fn it_opens_at_the_fifth_failure_and_not_before() {
    let world = World::new();
    world.fail(4);
    world.expect(State::Closed);
    world.fail(1);
    world.expect(State::Open);
}

#[test]
fn successes_between_failures_do_not_hide_them() {
    let world = World::new();
    for _ in 0..4 {
        world.fail(1);
        world.succeed(100);
    }
    world.fail(1);
    world.expect(State::Open);
}

#[test]
fn failures_leave_the_window_as_time_passes_without_traffic() {
    let world = World::new();
    world.fail(2);
    world.advance(secs(30));
    world.fail(2);
    assert_eq!(world.breaker.snapshot().failure_count, 4);
    world.advance(WINDOW - secs(30) - NANO);
    assert_eq!(world.breaker.snapshot().failure_count, 4);
    world.advance(NANO);
    assert_eq!(world.breaker.snapshot().failure_count, 2);
    world.fail(2);
    world.expect(State::Closed);
    world.fail(1);
    world.expect(State::Open);
}

#[test]
fn failures_spread_wider_than_the_window_never_open_it() {
    let world = World::new();
    for _ in 0..1_000 {
        world.fail(1);
        world.advance(WINDOW / 4);
    }
    world.expect(State::Closed);
}

#[test]
fn an_open_breaker_refuses_without_running_the_call_until_the_timeout_has_passed() {
    let world = World::new();
    world.fail(5);
    world.advance(TIMEOUT - NANO);
    let refused = world.breaker.call(|| -> Result<(), ()> { panic!("a refused call never runs") });
    let Err(CallError::Rejected(rejected)) = refused else { panic!("{refused:?}") };
    assert_eq!((rejected.reason(), rejected.retry_after()), (RejectReason::Open, Some(NANO)));
    world.advance(NANO);
    world.succeed(1);
    world.expect(State::HalfOpen);
}

#[test]
fn an_open_breaker_waits_for_a_call_to_probe() {
    let world = World::new().due();
    world.advance(secs(1_000_000));
    world.expect(State::Open);
    assert_eq!(world.breaker.snapshot().next_probe_in, Some(secs(0)));
}

#[test]
fn two_successes_close_it_with_an_empty_window() {
    let world = World::new().due();
    world.succeed(1);
    world.expect(State::HalfOpen);
    world.succeed(1);
    world.expect(State::Closed);
    assert_eq!(world.breaker.snapshot().failure_count, 0);
    world.fail(4);
    world.expect(State::Closed);
}

#[test]
fn one_failure_reopens_it_for_a_whole_timeout() {
    let world = World::new().due();
    world.succeed(1);
    world.fail(1);
    world.expect(State::Open);
    world.advance(TIMEOUT - NANO);
    assert!(is_refused(&world.breaker));
    world.advance(NANO);
    world.succeed(2);
    world.expect(State::Closed);
}

#[test]
fn the_causes_tell_the_story() {
    let world = World::new().due();
    world.fail(1);
    world.advance(TIMEOUT);
    world.succeed(2);
    let causes: Vec<_> = world.breaker.snapshot().transitions.iter().map(|t| t.cause).collect();
    let expected = [
        Cause::FailureThreshold,
        Cause::TimeoutElapsed,
        Cause::ProbeFailed,
        Cause::TimeoutElapsed,
        Cause::ProbesSucceeded,
    ];
    assert_eq!(causes, expected);
}
