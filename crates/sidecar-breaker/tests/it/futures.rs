//! Calls as futures, polled by hand: no executor is needed.

use crate::script::poll;
use crate::support::{World, is_refused};
use sidecar_breaker::{CallError, Dropped, State, Verdict};
use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::task::Poll;

type Pending = std::future::Pending<Result<(), ()>>;

#[test]
fn outcomes_count_as_in_threads() {
    let world = World::new();
    let ok = pin!(world.breaker.call_async(|| ready(Ok::<_, &str>(7))));
    assert_eq!(poll(ok), Poll::Ready(Ok(7)));
    let err = pin!(world.breaker.call_async(|| ready(Err::<u8, _>("down"))));
    assert_eq!(poll(err), Poll::Ready(Err(CallError::Inner("down"))));
    let ignored = pin!(world.breaker.call_async_with(|_| Verdict::Ignored, || ready(Err::<u8, _>("down"))));
    assert_eq!(poll(ignored), Poll::Ready(Err(CallError::Inner("down"))));
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.ignored), (1, 1, 1));
}

#[test]
fn the_breaker_is_asked_at_the_first_poll() {
    let world = World::with(|b| b.half_open_max_calls(1)).due();
    let mut early = pin!(world.breaker.call_async(pending::<Result<(), ()>>));
    world.expect(State::Open);
    let probe = world.breaker.try_acquire().expect("the unpolled future holds no place");
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Err(CallError::Rejected(_)))));
    probe.ignore();
}

#[test]
fn a_refused_future_is_not_built() {
    let world = World::new();
    world.breaker.trip();
    let built = Cell::new(false);
    let call = pin!(world.breaker.call_async(|| {
        built.set(true);
        ready(Ok::<_, ()>(()))
    }));
    assert!(matches!(poll(call), Poll::Ready(Err(CallError::Rejected(_)))));
    assert!(!built.get());
}

#[test]
fn a_cancelled_future_is_ignored_and_returns_its_place() {
    let world = World::with(|b| b.half_open_max_calls(1)).due();
    {
        let mut call = Box::pin(world.breaker.call_async(pending::<Result<(), ()>>));
        assert!(poll(call.as_mut()).is_pending());
        assert!(is_refused(&world.breaker));
    }
    assert_eq!(world.breaker.snapshot().ignored, 1);
    world.succeed(2);
    world.expect(State::Closed);
}

#[test]
fn a_cancelled_future_can_be_made_to_count_as_a_failure() {
    let world = World::with(|b| b.failure_threshold(1).dropped(Dropped::Failure));
    let mut call = Box::pin(world.breaker.call_async(pending::<Result<(), ()>>));
    assert!(poll(call.as_mut()).is_pending());
    drop(call);
    world.expect(State::Open);
}

#[test]
fn a_future_that_was_never_polled_counts_nothing() {
    let world = World::with(|b| b.dropped(Dropped::Failure));
    drop(world.breaker.call_async(pending::<Result<(), ()>>));
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.failures, snapshot.ignored, snapshot.rejected), (0, 0, 0));
}

#[test]
fn a_future_dropped_by_a_panic_of_its_owner_is_cancelled_and_not_failed() {
    let world = World::new();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut call = pin!(world.breaker.call_async(pending::<Result<(), ()>>));
        assert!(poll(call.as_mut()).is_pending());
        panic_any("the owner's own trouble");
    }));
    assert!(unwound.is_err());
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.failures, snapshot.ignored), (0, 1));
}

#[test]
fn a_panic_while_building_or_polling_is_a_failure_and_goes_on_unwinding() {
    let world = World::new();
    let building = catch_unwind(AssertUnwindSafe(|| {
        let _ = poll(pin!(world.breaker.call_async(|| -> Pending { panic_any("building") })));
    }));
    assert_eq!(building.expect_err("it unwinds").downcast_ref(), Some(&"building"));
    assert_eq!(world.breaker.snapshot().failures, 1);
    let polling = catch_unwind(AssertUnwindSafe(|| {
        let _ = poll(pin!(world.breaker.call_async(|| async { panic_any("polling") as Result<(), ()> })));
    }));
    assert_eq!(polling.expect_err("it unwinds").downcast_ref(), Some(&"polling"));
    assert_eq!(world.breaker.snapshot().failures, 2);
}

#[test]
fn a_panic_is_settled_even_if_the_future_is_kept() {
    let world = World::new();
    let mut call = Box::pin(world.breaker.call_async(|| async { panic_any("polling") as Result<(), ()> }));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).is_err());
    assert_eq!(world.breaker.snapshot().failures, 1);
    drop(call);
    assert_eq!(world.breaker.snapshot().failures, 1);
}

#[test]
fn a_future_that_outlives_its_generation_is_late() {
    let world = World::new();
    let finish = Cell::new(false);
    let mut call = pin!(world.breaker.call_async(|| std::future::poll_fn(|_| {
        if finish.get() { Poll::Ready(Ok::<_, ()>(())) } else { Poll::Pending }
    })));
    assert!(poll(call.as_mut()).is_pending());
    world.breaker.reset();
    finish.set(true);
    assert_eq!(poll(call.as_mut()), Poll::Ready(Ok(())));
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.successes, snapshot.late), (0, 1));
}

#[test]
fn a_call_can_be_sent_to_another_thread() {
    let world = World::new();
    let breaker = world.breaker.clone();
    let task = async move { breaker.call_async(|| ready(Ok::<_, ()>(1))).await };
    let result = std::thread::spawn(move || poll(pin!(task))).join().expect("no panic");
    assert_eq!(result, Poll::Ready(Ok(1)));
}
