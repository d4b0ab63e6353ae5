//! Rounds of probes: their places, their lease, their generation.

use crate::support::{NANO, TIMEOUT, World, is_refused, secs};
use sidecar_breaker::{Cause, RejectReason, State};

#[test]
fn at_most_three_probes_are_in_flight() {
    let world = World::new().due();
    let probes: Vec<_> = (0..3).map(|_| world.breaker.try_acquire().expect("a free place")).collect();
    let rejected = world.breaker.try_acquire().expect_err("no free place");
    assert_eq!(rejected.reason(), RejectReason::HalfOpenFull);
    assert_eq!(rejected.retry_after(), Some(TIMEOUT));
    drop(probes);
    assert!(!is_refused(&world.breaker));
}

#[test]
fn more_successes_than_places_can_be_asked_for() {
    let world = World::with(|b| b.half_open_max_calls(1).success_threshold(10)).due();
    world.succeed(9);
    world.expect(State::HalfOpen);
    world.succeed(1);
    world.expect(State::Closed);
}

#[test]
fn up_to_255_places_are_counted() {
    let world = World::with(|b| b.half_open_max_calls(255).success_threshold(1_000)).due();
    let probes: Vec<_> = (0..255).map(|_| world.breaker.try_acquire().expect("a free place")).collect();
    assert!(is_refused(&world.breaker));
    drop(probes);
}

#[test]
fn a_round_without_a_verdict_reopens_at_its_lease_and_not_before() {
    let world = World::with(|b| b.probe_timeout(secs(30))).due();
    let probe = world.breaker.try_acquire().expect("a probe");
    world.advance(secs(30) - NANO);
    world.expect(State::HalfOpen);
    world.advance(NANO);
    world.expect(State::Open);
    let snapshot = world.breaker.snapshot();
    assert_eq!(snapshot.transitions.last().map(|t| t.cause), Some(Cause::ProbeTimeout));
    probe.success();
    let after = world.breaker.snapshot();
    assert_eq!((after.state, after.late, after.successes), (State::Open, 1, 0));
}

#[test]
fn the_probe_timeout_is_the_timeout_unless_given() {
    let world = World::with(|b| b.timeout(secs(7))).due();
    let probe = world.breaker.try_acquire().expect("a probe");
    world.advance(secs(7) - NANO);
    world.expect(State::HalfOpen);
    world.advance(NANO);
    world.expect(State::Open);
    drop(probe);
}

#[test]
fn a_lease_that_ended_unseen_counts_as_ended_when_it_was_due() {
    let world = World::with(|b| b.probe_timeout(secs(30))).due();
    std::mem::forget(world.breaker.try_acquire().expect("a probe"));
    world.advance(secs(30) + TIMEOUT - NANO);
    assert!(is_refused(&world.breaker), "open since the lease ended");
    world.advance(NANO);
    world.succeed(2);
    world.expect(State::Closed);
}

#[test]
fn a_probe_that_fails_after_the_round_was_won_changes_nothing() {
    let world = World::with(|b| b.failure_threshold(1)).due_after_one();
    let slow = world.breaker.try_acquire().expect("a probe");
    world.succeed(2);
    world.expect(State::Closed);
    slow.failure();
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.failure_count, snapshot.late), (State::Closed, 0, 1));
}

impl World {
    fn due_after_one(self) -> Self {
        self.fail(1);
        self.advance(TIMEOUT);
        self
    }
}
