//! A registry that is switched off: every call passes, nothing is judged, and what there was comes back.

use crate::support::{TIMEOUT, fail, secs, succeed};
use sidecar_breaker::{Breaker, BreakerRegistry, Cause, Hold, State};
use sidecar_core::Clock;
use sidecar_core::clock::Mock;
use std::sync::Arc;

/// A registry with one breaker, which opens at three failures and closes after two successes.
struct World {
    registry: BreakerRegistry,
    breaker: Breaker,
    hand: Arc<Mock>,
}

impl World {
    fn new() -> Self {
        let ((clock, hand), registry) = (Clock::mock(), BreakerRegistry::new());
        let builder = Breaker::builder("world").failure_threshold(3).clock(clock);
        let breaker = registry.register(builder).expect("a new name");
        Self { registry, breaker, hand }
    }

    fn in_state(state: State) -> Self {
        let world = Self::new();
        match state {
            State::Closed => {}
            State::Open => world.breaker.trip(),
            State::HalfOpen => {
                world.breaker.trip();
                world.hand.increment(TIMEOUT);
                drop(world.breaker.try_acquire().expect("it probes"));
            }
            State::ForcedOpen => world.breaker.force_open_with(Hold::new().reason("maintenance")),
            State::Disabled => world.breaker.disable(),
            State::MetricsOnly => world.breaker.metrics_only(),
            other => panic!("a state without a scene: {other}"),
        }
        world.expect(state);
        world
    }

    fn switch(&self, on: bool) {
        self.registry.set_enabled(on);
        assert_eq!(self.registry.is_enabled(), on);
    }

    #[track_caller]
    fn expect(&self, state: State) {
        assert_eq!((self.breaker.state(), self.breaker.snapshot().state), (state, state));
    }
}

#[test]
fn from_every_state_calls_pass_nothing_is_judged_and_the_state_comes_back() {
    for &state in State::ALL {
        let world = World::in_state(state);
        let before = world.breaker.snapshot();
        world.switch(false);
        world.expect(State::Disabled);
        for _ in 0..10 {
            assert!(fail(&world.breaker).is_err_and(|error| error.rejected().is_none()), "{state}");
            assert!(succeed(&world.breaker).is_ok(), "{state}");
        }
        world.expect(State::Disabled);
        let off = world.breaker.snapshot();
        assert_eq!((off.failures, off.successes), (before.failures + 10, before.successes + 10), "{state}");
        assert_eq!((off.rejected, off.late), (before.rejected, before.late), "{state}");
        assert_eq!((off.next_probe_in, off.hold_ends_in, off.reason), (None, None, None), "{state}");
        world.switch(true);
        world.expect(state);
        let after = world.breaker.snapshot();
        assert_eq!((after.next_probe_in, after.reason), (before.next_probe_in, before.reason), "{state}");
        assert!(state != State::Closed || after.failure_count == 0);
    }
}

#[test]
fn the_transitions_tell_of_the_switch_without_a_gap() {
    let world = World::in_state(State::ForcedOpen);
    world.switch(false);
    world.switch(false);
    world.switch(true);
    world.switch(true);
    let changes: Vec<_> =
        world.breaker.snapshot().transitions.iter().map(|each| (each.from, each.to, each.cause)).collect();
    let expected = [
        (State::Closed, State::ForcedOpen, Cause::ByHand),
        (State::ForcedOpen, State::Disabled, Cause::Switched),
        (State::Disabled, State::ForcedOpen, Cause::Switched),
    ];
    assert_eq!(changes, expected);
}

#[test]
fn calls_that_began_before_a_switch_and_end_after_it_are_late() {
    let world = World::new();
    let before = world.breaker.try_acquire().expect("closed");
    world.switch(false);
    let meanwhile = world.breaker.try_acquire().expect("off");
    before.failure();
    world.switch(true);
    meanwhile.failure();
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.late, snapshot.failures, snapshot.failure_count), (2, 0, 0));
}

#[test]
fn no_timer_acts_until_it_is_on_again() {
    let world = World::in_state(State::Open);
    world.switch(false);
    world.hand.increment(TIMEOUT - secs(1));
    world.switch(true);
    assert_eq!(world.breaker.snapshot().next_probe_in, Some(secs(1)), "what is left of its time");
    world.switch(false);
    world.hand.increment(secs(1));
    world.expect(State::Disabled);
    world.switch(true);
    world.expect(State::Open);
    assert!(succeed(&world.breaker).is_ok(), "a probe");

    let world = World::new();
    world.breaker.force_open_with(Hold::new().ttl(secs(10)));
    world.switch(false);
    world.hand.increment(secs(11));
    world.expect(State::Disabled);
    world.switch(true);
    world.expect(State::Closed);
}

#[test]
fn a_half_open_round_starts_anew() {
    let world = World::in_state(State::HalfOpen);
    let places = || std::iter::from_fn(|| world.breaker.try_acquire().map(std::mem::forget).ok()).count();
    assert_eq!(places(), 3, "the first probe has ended without a verdict");
    world.switch(false);
    world.hand.increment(secs(3_600));
    world.switch(true);
    world.expect(State::HalfOpen);
    assert_eq!(places(), 3);
}

#[test]
fn commands_given_while_it_is_off_hold_when_it_is_on_again() {
    type Command = fn(&Breaker);
    let commands: [(Command, State); 5] = [
        (Breaker::trip, State::Open),
        (Breaker::reset, State::Closed),
        (Breaker::force_open, State::ForcedOpen),
        (Breaker::disable, State::Disabled),
        (Breaker::metrics_only, State::MetricsOnly),
    ];
    for &before in State::ALL {
        for (command, after) in commands {
            let world = World::in_state(before);
            world.switch(false);
            command(&world.breaker);
            world.expect(State::Disabled);
            assert!(succeed(&world.breaker).is_ok(), "{before} to {after}");
            world.switch(true);
            world.expect(after);
        }
    }
}

#[test]
fn breakers_that_are_registered_while_it_is_off_are_off_too() {
    let world = World::new();
    world.switch(false);
    let late = world.registry.register(Breaker::builder("late").failure_threshold(1)).expect("a new name");
    assert!(fail(&late).is_err_and(|error| error.rejected().is_none()) && succeed(&late).is_ok());
    assert_eq!(late.state(), State::Disabled);
    world.switch(true);
    assert_eq!(late.state(), State::Closed);
    assert!(fail(&late).is_err());
    assert_eq!(late.state(), State::Open);
}

#[test]
fn settings_that_change_while_it_is_off_hold_when_it_is_on_again() {
    let world = World::in_state(State::Open);
    world.switch(false);
    let mut settings = world.breaker.settings();
    settings.set_failure_threshold(1).set_timeout(secs(5));
    world.breaker.update(settings).expect("in range");
    world.expect(State::Disabled);
    world.switch(true);
    assert_eq!(world.breaker.snapshot().next_probe_in, Some(secs(5)));
    world.breaker.reset();
    assert!(fail(&world.breaker).is_err());
    world.expect(State::Open);
}

#[test]
fn a_full_registry_that_is_off_still_throws_out_what_nobody_would_miss() {
    let registry = BreakerRegistry::with_limit(2);
    for name in ["kept", "idle"] {
        drop(registry.register(Breaker::builder(name)).expect("room"));
    }
    registry.trip("kept");
    registry.set_enabled(false);
    drop(registry.register(Breaker::builder("new")).expect("one is idle"));
    registry.set_enabled(true);
    assert_eq!(registry.names().iter().map(|name| &**name).collect::<Vec<_>>(), ["kept", "new"]);
    assert_eq!(
        (registry.state_of("kept"), registry.state_of("new")),
        (Some(State::Open), Some(State::Closed))
    );
}

#[test]
fn other_registries_and_breakers_without_one_stay_as_they_are() {
    let (world, other) = (World::new(), World::new());
    world.switch(false);
    other.expect(State::Closed);
    assert!(other.registry.is_enabled());
}
