//! Calls in threads.

use crate::support::{World, fail, succeed};
use sidecar_breaker::{Breaker, CallError, RejectReason, State, Verdict};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_panic_counts_as_a_failure_and_goes_on_unwinding() {
    let world = World::new();
    for _ in 0..5 {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            world.breaker.call(|| -> Result<(), ()> { std::panic::panic_any(7_u8) })
        }));
        assert_eq!(unwound.expect_err("it unwinds").downcast_ref(), Some(&7_u8));
    }
    world.expect(State::Open);
    assert_eq!(world.breaker.snapshot().failures, 5);
}

#[test]
fn the_callers_classification_decides() {
    let world = World::with(|b| b.failure_threshold(1));
    let verdict = |v: Verdict| move |_: &Result<u8, &str>| v;
    assert_eq!(world.breaker.call_with(verdict(Verdict::Ignored), || Err("no")), Err(CallError::Inner("no")));
    assert_eq!(world.breaker.call_with(verdict(Verdict::Success), || Err("no")), Err(CallError::Inner("no")));
    world.expect(State::Closed);
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.ignored), (1, 0, 1));
    assert_eq!(world.breaker.call_with(verdict(Verdict::Failure), || Ok(1)), Ok(1));
    world.expect(State::Open);
}

#[test]
fn the_classification_sees_the_outcome() {
    let world = World::with(|b| b.failure_threshold(1));
    let client_errors_are_fine = |r: &Result<u16, ()>| match r {
        Ok(status) if *status >= 500 => Verdict::Failure,
        Ok(status) if *status >= 400 => Verdict::Ignored,
        other => Verdict::of(other),
    };
    for status in [200, 404] {
        assert_eq!(world.breaker.call_with(client_errors_are_fine, || Ok(status)), Ok(status));
        world.expect(State::Closed);
    }
    assert_eq!(world.breaker.call_with(client_errors_are_fine, || Ok(503)), Ok(503));
    world.expect(State::Open);
}

#[test]
fn user_code_may_use_the_breaker_it_runs_under() {
    let world = World::new();
    let breaker = &world.breaker;
    let result: Result<_, CallError<&str>> = breaker.call_with(
        |_| {
            breaker.trip();
            breaker.reset();
            Verdict::Failure
        },
        || {
            assert_eq!(succeed(breaker), Ok(()));
            assert_eq!(breaker.snapshot().state, State::Closed);
            Ok(1)
        },
    );
    assert_eq!(result, Ok(1));
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.late, snapshot.failure_count), (State::Closed, 1, 0));
}

#[test]
fn a_rejection_is_a_small_copy_value_with_a_readable_text() {
    let world = World::new();
    world.breaker.trip();
    let rejected = fail(&world.breaker).expect_err("open").rejected().expect("refused");
    let copy = rejected;
    assert_eq!((copy, copy.reason()), (rejected, RejectReason::Open));
    assert_eq!(rejected.to_string(), "circuit breaker world is open, retry after 60.0s");
    assert_eq!(rejected.name().as_deref(), Some("world"));
    assert!(size_of_val(&rejected) <= 32);
    drop(world);
    assert_eq!(rejected.name(), None);
    assert!(rejected.to_string().starts_with("circuit breaker #"));

    let world = World::new();
    world.breaker.force_open();
    let text = succeed(&world.breaker).expect_err("forced open").to_string();
    assert_eq!(text, "circuit breaker world is forced open");
}

#[test]
fn errors_of_calls_fit_into_boxed_errors() {
    fn parse(breaker: &Breaker, text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
        Ok(breaker.call(|| text.parse::<u8>())?)
    }
    let world = World::new();
    assert_eq!(parse(&world.breaker, "7").expect("a number"), 7);
    let inner = parse(&world.breaker, "x").expect_err("no number");
    assert_eq!(inner.to_string(), "invalid digit found in string");
    world.breaker.trip();
    assert!(parse(&world.breaker, "7").expect_err("open").to_string().contains("is open"));
    let error: CallError<&str> = CallError::Inner("mine");
    assert_eq!((error.rejected(), error.into_inner()), (None, Some("mine")));
}
