//! The table of the crate's documentation, cell by cell.

use crate::support::{TIMEOUT, World, secs};
use sidecar_breaker::{Breaker, BreakerSnapshot, Hold, OwnedPermit, State};
use std::time::Duration;

const TABLE: &str = include_str!("../../src/transitions.md");
const TTL: Duration = Duration::from_secs(10);

/// A breaker in a state, with what the inputs need.
struct Scene {
    world: World,
    /// Of the current generation, or of an earlier one where the state admits nothing.
    call: Option<OwnedPermit>,
    /// Of an earlier generation.
    earlier: OwnedPermit,
}

impl Scene {
    fn new(state: State) -> Self {
        // Three failures open, two successes close, two places.
        let world = World::with(|b| b.failure_threshold(3).half_open_max_calls(2));
        let earlier = world.breaker.try_acquire_owned().expect("closed");
        world.breaker.reset();
        let mut call = world.breaker.try_acquire_owned().ok();
        match state {
            State::Closed => {}
            State::Open => world.breaker.trip(),
            State::HalfOpen => {
                world.breaker.trip();
                world.advance(TIMEOUT);
                call = world.breaker.try_acquire_owned().ok();
            }
            State::ForcedOpen => world.breaker.force_open_with(Hold::new()),
            State::Disabled => {
                world.breaker.disable();
                call = world.breaker.try_acquire_owned().ok();
            }
            State::MetricsOnly => {
                world.breaker.metrics_only();
                call = world.breaker.try_acquire_owned().ok();
            }
            other => panic!("a state without a scene: {other}"),
        }
        world.expect(state);
        Self { world, call, earlier }
    }

    /// Gives the input and says what it did: `admitted`, `refused`, `counted`, `late`, or nothing.
    fn give(&mut self, input: &str) -> &'static str {
        let breaker = &self.world.breaker;
        let before = breaker.snapshot();
        let call = self.call.take();
        match input {
            "admit" => return self.admit(),
            "admit, timer due" => {
                self.world.advance(TIMEOUT);
                return self.admit();
            }
            "admit, slots taken" => {
                let _first = call;
                let _second = breaker.try_acquire_owned();
                return self.admit();
            }
            "success" | "success, the last needed" => call.expect("a call").success(),
            "failure" | "failure, the last needed" => call.expect("a call").failure(),
            "ignore" => call.expect("a call").ignore(),
            "result of an earlier generation" => {
                let fresh = breaker.clone().try_acquire_owned();
                std::mem::replace(&mut self.earlier, fresh.unwrap_or_else(|_| stray())).success();
            }
            "timer" => self.world.advance(TIMEOUT),
            "trip" => breaker.trip(),
            "reset" => breaker.reset(),
            "force_open" => breaker.force_open(),
            "disable" => breaker.disable(),
            "metrics_only" => breaker.metrics_only(),
            "time to live ends" => self.world.advance(TTL),
            other => panic!("an input without a meaning: {other}"),
        }
        let after = self.world.breaker.snapshot();
        let counted = |s: &BreakerSnapshot| s.successes + s.failures + s.ignored;
        match (counted(&after) - counted(&before), after.late - before.late) {
            (0, 0) => "",
            (1, 0) => "counted",
            (0, 1) => "late",
            other => panic!("{input} counted {other:?}"),
        }
    }

    /// What an input needs to have happened before it, within the same generation.
    fn prepare(&self, input: &str, state: State) {
        let world = &self.world;
        match (input, state) {
            ("success, the last needed", State::HalfOpen) => world.succeed(1),
            ("failure, the last needed", State::Closed | State::Disabled | State::MetricsOnly) => {
                world.fail(2);
            }
            ("time to live ends", State::ForcedOpen) => {
                world.breaker.force_open_with(Hold::new().ttl(TTL));
            }
            ("time to live ends", State::Disabled) => world.breaker.disable_with(Hold::new().ttl(TTL)),
            ("time to live ends", State::MetricsOnly) => {
                world.breaker.metrics_only_with(Hold::new().ttl(TTL));
            }
            _ => {}
        }
    }

    fn admit(&self) -> &'static str {
        match self.world.breaker.try_acquire_owned() {
            // Kept, so that its end does not count as another input.
            Ok(permit) => {
                std::mem::forget(permit);
                "admitted"
            }
            Err(_) => "refused",
        }
    }
}

fn stray() -> OwnedPermit {
    World::new().breaker.try_acquire_owned().expect("closed")
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn every_input_does_in_every_state_what_the_documented_table_says() {
    let mut lines = TABLE.lines();
    let states: Vec<_> = cells(lines.next().expect("a head"))[1..]
        .iter()
        .map(|word| word.trim_matches('`'))
        .map(|word| *State::ALL.iter().find(|state| state.as_str() == word).expect("a state"))
        .collect();
    assert_eq!(states, State::ALL);
    let mut judged = 0;
    for line in lines.skip(1) {
        let row = cells(line);
        assert_eq!(row.len(), 1 + states.len(), "{line}");
        for (state, cell) in states.iter().zip(&row[1..]) {
            let mut scene = Scene::new(*state);
            scene.prepare(row[0], *state);
            let before = scene.world.breaker.snapshot().generation;
            let effect = scene.give(row[0]);
            let after = scene.world.breaker.snapshot();
            let mark = match after.generation - before {
                0 => "",
                1 => "*",
                more => panic!("{} in {state}: {more} generations", row[0]),
            };
            let outcome = format!("{}{mark} {effect}", after.state);
            assert_eq!(outcome.trim(), *cell, "{} in {state}", row[0]);
            judged += 1;
        }
    }
    assert_eq!(judged, 16 * 6);
}

#[test]
fn what_a_held_state_lets_happen_in_its_time_is_gone_when_it_is_left() {
    for enter in [Breaker::disable, Breaker::metrics_only] {
        let world = World::with(|b| b.failure_threshold(3));
        enter(&world.breaker);
        world.fail(2);
        let old = world.breaker.try_acquire().expect("held, but open to calls");
        world.advance(secs(1));
        world.breaker.reset();
        old.failure();
        world.fail(2);
        world.expect(State::Closed);
    }
}
