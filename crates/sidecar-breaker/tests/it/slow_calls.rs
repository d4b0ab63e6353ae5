//! How long calls take: who is timed, from when, and what that is judged by.

use crate::support::{NANO, TIMEOUT, World, secs};
use sidecar_breaker::{Breaker, Cause, Hold, OwnedPermit, Policy, State};

const LIMIT: std::time::Duration = secs(2);

/// Opens with the first call that is slow.
fn one_slow_call() -> Policy {
    Policy::slow_call_rate(1.0, LIMIT).over_calls(1).min_calls(1).into()
}

/// Opens after this many failures, and asks for no time.
fn untimed() -> Policy {
    Policy::consecutive_failures(1_000)
}

fn set_policy(world: &World, policy: Policy) {
    let mut settings = world.breaker.settings();
    settings.set_policy(policy);
    world.breaker.update(settings).expect("in range");
}

fn admit(world: &World) -> OwnedPermit {
    world.breaker.try_acquire_owned().expect("admitted")
}

type Enter = fn(&World);

/// Brings a breaker into a state that admits calls, by the way that reads only a word or by the one that locks.
const STATES: [(&str, Enter); 6] = [
    ("closed", |_| {}),
    ("half-open", |world| {
        world.breaker.trip();
        world.advance(TIMEOUT);
    }),
    ("disabled", |world| world.breaker.disable()),
    ("disabled for a time", |world| world.breaker.disable_with(Hold::new().ttl(secs(1_000)))),
    ("metrics only", |world| world.breaker.metrics_only()),
    ("metrics only for a time", |world| world.breaker.metrics_only_with(Hold::new().ttl(secs(1_000)))),
];

#[test]
fn a_call_that_nobody_timed_is_not_slow_in_whatever_state_it_was_admitted() {
    for (name, enter) in STATES {
        let world = World::with(|b| b.policy(untimed()).success_threshold(1));
        enter(&world);
        let call = admit(&world);
        let state = world.breaker.state();
        world.advance(secs(10));
        set_policy(&world, one_slow_call());
        call.success();
        let expected = if state == State::HalfOpen { State::Closed } else { state };
        assert_eq!(world.breaker.state(), expected, "{name}");
        assert_eq!(world.breaker.snapshot().successes, 1, "{name}");
    }
}

#[test]
fn a_call_is_timed_where_a_rule_asks_in_whatever_judging_state_it_was_admitted() {
    for (took, opens) in [(LIMIT, false), (LIMIT + NANO, true)] {
        let settle = |enter: Enter| {
            let world = World::with(|b| b.policy(one_slow_call()).success_threshold(1));
            enter(&world);
            let call = admit(&world);
            world.advance(took);
            call.success();
            world
        };
        for (name, enter) in &STATES[..2] {
            let world = settle(*enter);
            assert_eq!(world.breaker.state() == State::Open, opens, "{name}");
        }
        for (name, enter) in &STATES[2..] {
            let world = settle(*enter);
            assert!(world.breaker.state().is_held(), "{name}");
        }
    }
}

#[test]
fn a_call_is_timed_from_the_update_on_that_asks_for_it() {
    let world = World::with(|b| b.policy(untimed()));
    let before = admit(&world);
    set_policy(&world, one_slow_call());
    let after = admit(&world);
    world.advance(secs(3));
    before.success();
    world.expect(State::Closed);
    after.success();
    world.expect(State::Open);
    assert_eq!(world.breaker.snapshot().transitions.last().map(|last| last.cause), Some(Cause::SlowCallRate));
}

#[test]
fn a_probe_of_a_round_that_began_before_anybody_asked_has_not_failed_for_being_slow() {
    let world = World::with(|b| b.policy(untimed()).success_threshold(2));
    world.breaker.trip();
    world.advance(TIMEOUT);
    let before = admit(&world);
    set_policy(&world, one_slow_call());
    let after = admit(&world);
    world.advance(secs(3));
    before.success();
    world.expect(State::HalfOpen);
    after.success();
    world.expect(State::Open);
}

#[test]
fn a_rule_that_no_longer_asks_judges_no_call_that_was_timed() {
    for enter in [Breaker::metrics_only as fn(&Breaker), |_| {}] {
        let world = World::with(|b| b.policy(one_slow_call()));
        enter(&world.breaker);
        let state = world.breaker.state();
        let call = admit(&world);
        world.advance(secs(3));
        set_policy(&world, untimed());
        call.success();
        world.expect(state);
    }
}
