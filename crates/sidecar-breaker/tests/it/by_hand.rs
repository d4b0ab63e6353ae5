//! Commands: trip, reset and the states that are held.

use crate::support::{NANO, TIMEOUT, World, is_refused, secs};
use sidecar_breaker::{Cause, Hold, RejectReason, State};

#[test]
fn a_tripped_breaker_recovers_as_usual() {
    let world = World::new();
    world.breaker.trip();
    assert!(is_refused(&world.breaker));
    world.advance(TIMEOUT);
    world.succeed(2);
    world.expect(State::Closed);
}

#[test]
fn tripping_an_open_breaker_starts_its_timeout_again() {
    let world = World::new();
    world.breaker.trip();
    world.advance(TIMEOUT - NANO);
    world.breaker.trip();
    world.advance(TIMEOUT - NANO);
    assert!(is_refused(&world.breaker));
    world.advance(NANO);
    assert!(!is_refused(&world.breaker));
    assert_eq!(world.breaker.snapshot().transitions.len(), 2);
}

#[test]
fn tripping_an_open_breaker_leaves_nothing_of_the_wish_that_it_was_opened_with() {
    let world = World::with(|b| b.failure_threshold(1));
    world.breaker.try_acquire().expect("closed").failure_with_retry_after(secs(500));
    assert_eq!(world.breaker.snapshot().next_probe_in, Some(secs(500)));
    world.breaker.trip();
    assert_eq!(world.breaker.snapshot().next_probe_in, Some(TIMEOUT));
    assert_eq!(world.breaker.try_acquire().expect_err("open").retry_after(), Some(TIMEOUT));
    // Measured anew from when the breaker was tripped, by what holds since then.
    let mut settings = world.breaker.settings();
    settings.set_timeout(secs(90));
    world.breaker.update(settings).expect("in range");
    assert_eq!(world.breaker.snapshot().next_probe_in, Some(secs(90)));
}

#[test]
fn reset_empties_the_window_and_makes_calls_in_flight_late() {
    let world = World::new();
    world.fail(4);
    let old = world.breaker.try_acquire().expect("closed");
    world.breaker.reset();
    old.failure();
    world.fail(4);
    world.expect(State::Closed);
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.failure_count, snapshot.late), (4, 1));
    assert!(snapshot.transitions.is_empty(), "closed to closed is no transition");
}

#[test]
fn forced_open_absorbs_time_and_results_until_reset() {
    let world = World::new();
    let old = world.breaker.try_acquire().expect("closed");
    world.breaker.force_open();
    old.success();
    world.advance(secs(1_000_000_000));
    let rejected = world.breaker.try_acquire().expect_err("forced open");
    assert_eq!((rejected.reason(), rejected.retry_after()), (RejectReason::ForcedOpen, None));
    world.breaker.reset();
    world.succeed(1);
    world.expect(State::Closed);
}

#[test]
fn disabled_lets_everything_through_and_judges_nothing() {
    let world = World::new();
    world.breaker.disable();
    world.fail(100);
    world.succeed(1);
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.failure_count, snapshot.failures), (State::Disabled, 0, 100));
}

#[test]
fn metrics_only_counts_failures_and_never_opens() {
    let world = World::new();
    world.breaker.metrics_only();
    world.fail(100);
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.failure_count), (State::MetricsOnly, 100));
    world.breaker.reset();
    assert_eq!(world.breaker.snapshot().failure_count, 0);
}

#[test]
fn a_time_to_live_ends_a_hold_with_a_closed_breaker_and_a_new_generation() {
    for (hold, state) in holds() {
        let world = World::new();
        world.fail(4);
        hold(&world, Hold::new().ttl(secs(10)).reason("deploy"));
        let snapshot = world.breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.hold_ends_in), (state, Some(secs(10))));
        assert_eq!(snapshot.reason.as_deref(), Some("deploy"));
        world.advance(secs(10) - NANO);
        world.expect(state);
        world.advance(NANO);
        world.expect(State::Closed);
        let ended = world.breaker.snapshot();
        assert_eq!(ended.generation, snapshot.generation + 1);
        assert_eq!((ended.reason, ended.hold_ends_in, ended.failure_count), (None, None, 0));
        let [.., began, over] = &ended.transitions[..] else { panic!("two transitions") };
        assert_eq!((began.cause, began.reason.as_deref()), (Cause::ByHand, Some("deploy")));
        assert_eq!((over.from, over.to, over.cause), (state, State::Closed, Cause::HoldEnded));
    }
}

#[test]
fn a_call_is_judged_by_a_hold_whose_time_has_passed_unseen() {
    let world = World::new();
    world.breaker.force_open_with(Hold::new().ttl(secs(10)));
    assert_eq!(world.breaker.try_acquire().expect_err("held").retry_after(), Some(secs(10)));
    world.advance(secs(10));
    world.succeed(1);
    world.breaker.disable_with(Hold::new().ttl(secs(10)));
    let old = world.breaker.try_acquire().expect("disabled");
    world.advance(secs(10));
    world.fail(5);
    world.expect(State::Open);
    old.success();
    assert_eq!(world.breaker.snapshot().late, 1);
}

#[test]
fn a_hold_given_again_replaces_its_end_and_its_reason() {
    for (hold, state) in holds() {
        let world = World::new();
        hold(&world, Hold::new().ttl(secs(10)).reason("first"));
        world.advance(secs(9));
        hold(&world, Hold::new());
        world.advance(secs(100));
        let snapshot = world.breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.reason, snapshot.hold_ends_in), (state, None, None));
        assert_eq!(snapshot.transitions.len(), 1);
    }
}

#[test]
fn a_long_reason_is_cut_at_a_character() {
    let world = World::new();
    world.breaker.force_open_with(Hold::new().reason(&format!("x{}", "é".repeat(200))));
    assert_eq!(world.breaker.snapshot().reason.map(|reason| reason.len()), Some(255));
}

type Command = fn(&World, Hold);

fn holds() -> [(Command, State); 3] {
    [
        (|world, hold| world.breaker.force_open_with(hold), State::ForcedOpen),
        (|world, hold| world.breaker.disable_with(hold), State::Disabled),
        (|world, hold| world.breaker.metrics_only_with(hold), State::MetricsOnly),
    ]
}
