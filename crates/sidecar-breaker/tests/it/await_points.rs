//! Calls that are cancelled, or panic, at each point at which they wait.

use crate::script::{DOWN, Script, poll};
use crate::support::{TIMEOUT, World, is_refused};
use sidecar_breaker::{Dropped, State};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest call of these tests waits so often.
const MOST_WAITS: u32 = 4;

/// What has been counted: successes, failures, ignored, rejected, late.
fn totals(world: &World) -> [u64; 5] {
    let snapshot = world.breaker.snapshot();
    [snapshot.successes, snapshot.failures, snapshot.ignored, snapshot.rejected, snapshot.late]
}

/// What was counted since.
fn since(before: [u64; 5], world: &World) -> [u64; 5] {
    let after = totals(world);
    std::array::from_fn(|index| after[index] - before[index])
}

/// Closed, and due to probe with one place; for both ways in which a dropped call can count.
fn starts() -> impl Iterator<Item = (World, Dropped)> {
    [Dropped::Ignore, Dropped::Failure].into_iter().flat_map(|dropped| {
        let world = move || World::with(|builder| builder.half_open_max_calls(1).dropped(dropped));
        [(world(), dropped), (world().due(), dropped)]
    })
}

/// Takes a place and returns it.
#[track_caller]
fn assert_has_a_place(world: &World) {
    world.breaker.try_acquire().expect("a place is free").ignore();
}

/// Whatever has happened, the breaker closes: at once, or if it is open after its timeout.
#[track_caller]
fn assert_recovers(world: &World) {
    if world.breaker.state() == State::Open {
        world.advance(TIMEOUT);
    }
    world.succeed(2);
    world.expect(State::Closed);
    assert_has_a_place(world);
}

/// Polls what `make` makes `polls` times and drops it, for every number of polls before its last.
fn cancel<F: Future>(waits: u32, polls_before_admission: u32, make: impl Fn(&World) -> F) {
    for polls in 0..=waits {
        for (world, dropped) in starts() {
            let (before, was) = (totals(&world), world.breaker.state());
            let mut call = Box::pin(make(&world));
            (0..polls).for_each(|_| assert!(poll(call.as_mut()).is_pending()));
            let is_admitted = polls >= polls_before_admission;
            if was == State::Open {
                let is_probing = world.breaker.state() == State::HalfOpen;
                assert_eq!(is_probing, is_admitted, "after {polls} polls");
                assert!(!is_admitted || is_refused(&world.breaker), "the only place is taken");
            }
            let rejected = since(before, &world)[3];
            drop(call);
            let counted = match dropped {
                _ if !is_admitted => [0, 0, 0, 0, 0],
                Dropped::Failure => [0, 1, 0, rejected, 0],
                _ => [0, 0, 1, rejected, 0],
            };
            assert_eq!(since(before, &world), counted, "{polls} of {waits} polls, {was}, {dropped:?}");
            match (was, dropped) {
                (State::Open, Dropped::Failure) if is_admitted => world.expect(State::Open),
                _ => assert_has_a_place(&world),
            }
            assert_recovers(&world);
        }
    }
    // One more poll, and it is done: no point was left out.
    let world = World::new();
    let mut call = Box::pin(make(&world));
    (0..waits).for_each(|_| assert!(poll(call.as_mut()).is_pending()));
    assert!(poll(call.as_mut()).is_ready());
    assert_eq!(totals(&world), [1, 0, 0, 0, 0]);
}

/// Polls what `make` makes until it panics, which it does in the poll after `waits` others.
fn panic<F: Future>(waits: u32, make: impl Fn(&World) -> F) {
    for (world, dropped) in starts() {
        let (before, was) = (totals(&world), world.breaker.state());
        let mut call = Box::pin(make(&world));
        (0..waits).for_each(|_| assert!(poll(call.as_mut()).is_pending()));
        let unwound = catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()).is_ready()));
        assert_eq!(unwound.expect_err("it panics").downcast_ref(), Some(&DOWN));
        let counted = [0, 1, 0, 0, 0];
        assert_eq!(since(before, &world), counted, "while it is kept, {waits} waits, {was}, {dropped:?}");
        // Closed, one failure is not enough to open.
        world.expect(was);
        drop(call);
        assert_eq!(since(before, &world), counted, "after its drop, {waits} waits, {was}, {dropped:?}");
        assert_recovers(&world);
    }
}

#[test]
fn a_future_can_be_dropped_at_every_await_point() {
    for waits in 0..=MOST_WAITS {
        cancel(waits, 1, |world| {
            let breaker = world.breaker.clone();
            async move { breaker.call_async(|| Script::OK.waiting(waits)).await }
        });
    }
}

#[test]
fn a_future_can_panic_at_every_await_point() {
    for waits in 0..=MOST_WAITS {
        panic(waits, |world| {
            let breaker = world.breaker.clone();
            async move { breaker.call_async(|| Script::PANIC.waiting(waits)).await }
        });
    }
}

#[test]
fn a_future_that_is_polled_to_its_end_counts_once_however_often_it_waits() {
    for waits in 0..=MOST_WAITS {
        for (script, counted) in [(Script::OK, [1, 0, 0, 0, 0]), (Script::ERR, [0, 1, 0, 0, 0])] {
            let world = World::new();
            let mut call = Box::pin(world.breaker.call_async(|| script.waiting(waits)));
            (0..waits).for_each(|_| assert!(poll(call.as_mut()).is_pending()));
            assert!(poll(call.as_mut()).is_ready());
            drop(call);
            assert_eq!(totals(&world), counted);
        }
    }
}

#[cfg(feature = "tower")]
mod layer {
    use super::*;
    use crate::tower::{Fake, service};
    use ::tower::{Service as _, ServiceExt as _};

    fn splits() -> impl Iterator<Item = (u32, u32)> {
        (0..=MOST_WAITS).flat_map(|before| (0..=MOST_WAITS).map(move |after| (before, after)))
    }

    #[test]
    fn a_response_can_be_dropped_at_every_await_point() {
        for waits in 0..=MOST_WAITS {
            cancel(waits, 0, |world| service(world, &Fake::new()).call(Script::OK.waiting(waits)));
        }
    }

    #[test]
    fn a_wait_for_readiness_and_its_response_can_be_dropped_at_every_await_point() {
        for (before, after) in splits() {
            cancel(before + after, 1, |world| {
                let fake = Fake::with_readiness(Script::OK.waiting(before));
                service(world, &fake).oneshot(Script::OK.waiting(after))
            });
        }
    }

    #[test]
    fn a_response_can_panic_at_every_await_point() {
        for (before, after) in splits() {
            panic(before + after, |world| {
                let fake = Fake::with_readiness(Script::OK.waiting(before));
                service(world, &fake).oneshot(Script::PANIC.waiting(after))
            });
        }
    }

    #[test]
    fn a_wait_for_readiness_can_panic_at_every_await_point() {
        for waits in 0..=MOST_WAITS {
            panic(waits, |world| {
                let fake = Fake::with_readiness(Script::PANIC.waiting(waits));
                service(world, &fake).oneshot(Script::OK)
            });
        }
    }
}
