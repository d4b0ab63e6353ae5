//! What other breakers got wrong, one test for each.

use crate::support::{NANO, TIMEOUT, WINDOW, World, fail, is_refused, secs, succeed};
use sidecar_breaker::{Breaker, CallError, State, Verdict};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};
use std::time::Duration;

/// A window of counters that only grow needs as many failures as there were successes before.
#[test]
fn an_outage_after_100_000_good_calls_opens_at_the_threshold() {
    let world = World::new();
    for _ in 0..100_000 {
        world.succeed(1);
        world.advance(Duration::from_millis(1));
    }
    world.fail(5);
    world.expect(State::Open);
}

/// A probe that never gives its place back leaves the breaker half-open for ever.
#[test]
fn no_way_to_lose_a_probe_wedges_the_breaker() {
    type Lose = fn(&Breaker);
    let ways: [(&str, Lose); 6] = [
        ("panics", |breaker| {
            let unwound =
                catch_unwind(AssertUnwindSafe(|| breaker.call(|| -> Result<(), ()> { panic!("probe") })));
            assert!(unwound.is_err());
        }),
        ("is dropped", |breaker| drop(breaker.try_acquire().expect("a probe"))),
        ("is forgotten", |breaker| std::mem::forget(breaker.try_acquire().expect("a probe"))),
        ("hangs", |breaker| {
            // Held by a call that never comes back, on a thread of its own or not.
            Box::leak(Box::new(breaker.try_acquire_owned().expect("a probe")));
        }),
        ("is cancelled", |breaker| {
            let mut call = Box::pin(breaker.call_async(pending::<Result<(), ()>>));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }),
        ("is never polled again", |breaker| {
            let breaker = breaker.clone();
            let call = async move { breaker.call_async(pending::<Result<(), ()>>).await };
            let call = Box::leak(Box::new(Box::pin(call)));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }),
    ];
    for (way, lose) in ways {
        for lost in 1..=3 {
            let world = World::with(|b| b.probe_timeout(secs(30))).due();
            for _ in 0..lost {
                // A panic reopens at once; the places left are then none.
                if world.breaker.state() != State::Open
                    || world.breaker.snapshot().next_probe_in == Some(secs(0))
                {
                    lose(&world.breaker);
                }
            }
            world.advance(secs(30));
            world.expect(State::Open);
            world.advance(TIMEOUT);
            for _ in 0..2 {
                assert_eq!(succeed(&world.breaker), Ok(()), "a probe that {way}, {lost} times");
            }
            world.expect(State::Closed);
        }
    }
}

/// Probes rarer than the window must neither starve the verdict nor be refused.
#[test]
fn probes_further_apart_than_the_window_still_close() {
    let world = World::with(|b| b.sliding_window(Duration::from_millis(50)).success_threshold(3)).due();
    for _ in 0..3 {
        world.succeed(1);
        world.advance(Duration::from_millis(80));
    }
    world.expect(State::Closed);
}

/// A call admitted before the outage says nothing about the recovery.
#[test]
fn a_stale_success_does_not_close() {
    let world = World::with(|b| b.success_threshold(1));
    let stale = world.breaker.try_acquire_owned().expect("closed");
    let world = world.due();
    let probe = world.breaker.try_acquire().expect("a probe");
    stale.success();
    world.expect(State::HalfOpen);
    probe.failure();
    world.expect(State::Open);
    assert_eq!(world.breaker.snapshot().late, 1);
}

/// Late failures must not reopen a breaker that has recovered, nor lengthen an outage.
#[test]
fn late_failures_neither_reopen_nor_extend() {
    let world = World::new();
    let mut late: Vec<_> = (0..20).map(|_| world.breaker.try_acquire_owned().expect("closed")).collect();
    world.fail(5);
    let after = late.split_off(10);
    world.advance(TIMEOUT - NANO);
    late.into_iter().for_each(|permit| permit.failure());
    world.advance(NANO);
    world.succeed(2);
    after.into_iter().for_each(|permit| permit.failure());
    world.expect(State::Closed);
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.late, snapshot.failure_count), (20, 0));
}

/// Ignored outcomes must give the place back without a verdict: neither closing nor staying.
#[test]
fn an_ignored_probe_neither_closes_nor_keeps_its_place() {
    let world = World::with(|b| b.half_open_max_calls(1).success_threshold(1)).due();
    for _ in 0..10 {
        let result = world.breaker.call_with(|_| Verdict::Ignored, || Err::<(), _>("cancelled"));
        assert_eq!(result, Err(CallError::Inner("cancelled")));
        world.expect(State::HalfOpen);
    }
    world.succeed(1);
    world.expect(State::Closed);
}

/// A classifier that throws must not leak a place, lose the outcome, or poison anything.
#[test]
fn a_classifier_that_panics_leaks_nothing() {
    let world = World::with(|b| b.half_open_max_calls(1)).due();
    for _ in 0..2 {
        let result = world.breaker.call_with(|_| panic!("classifier"), || Ok::<_, ()>(7));
        assert_eq!(result, Ok(7));
    }
    world.expect(State::Closed);
    for _ in 0..5 {
        let result = world.breaker.call_with(|_| panic!("classifier"), || Err::<(), _>(7));
        assert_eq!(result, Err(CallError::Inner(7)));
    }
    world.expect(State::Open);
}

/// A panic in a call must not poison the breaker for the others.
#[test]
fn a_panicking_thread_poisons_nothing() {
    let world = World::new();
    let breaker = world.breaker.clone();
    let thread = std::thread::spawn(move || breaker.call(|| -> Result<(), ()> { panic!("in a thread") }));
    assert!(thread.join().is_err());
    world.succeed(1);
    assert_eq!(world.breaker.snapshot().failures, 1);
}

/// States, windows and histories that pile up with each outage.
#[test]
fn nothing_grows_over_100_000_outage_cycles() {
    let world = World::new();
    for _ in 0..100_000_u64 {
        world.fail(5);
        assert!(is_refused(&world.breaker));
        world.advance(TIMEOUT);
        world.fail(1);
        world.advance(TIMEOUT);
        world.succeed(2);
    }
    let snapshot = world.breaker.snapshot();
    assert_eq!(snapshot.state, State::Closed);
    assert_eq!((snapshot.transitions.len(), snapshot.failure_count), (16, 0));
    assert_eq!(snapshot.failures, 600_000);
    // Five changes a cycle: open, half-open, open, half-open, closed.
    assert_eq!(snapshot.generation, 500_000);
}

/// An outage without recovery adds a failure each round; they leave with the window.
#[test]
fn an_outage_without_end_keeps_only_what_its_window_holds() {
    let world = World::new();
    world.fail(5);
    for _ in 0..10_000 {
        world.advance(TIMEOUT);
        world.fail(1);
        assert!(world.breaker.snapshot().failure_count <= 7);
    }
    world.advance(WINDOW);
    assert_eq!(world.breaker.snapshot().failure_count, 0);
}

/// Breakers that time the open state by a clock that jumps can stay open, or panic on overflow.
#[test]
fn a_clock_that_jumps_back_never_lengthens_the_open_time() {
    let world = World::new();
    world.advance(secs(1_000_000));
    world.fail(5);
    world.advance(secs(10));
    world.hand.decrement(secs(900_000));
    assert!(is_refused(&world.breaker));
    world.advance(TIMEOUT);
    world.succeed(2);
    world.expect(State::Closed);
    world.fail(4);
    world.hand.decrement(secs(100_000));
    assert_eq!(world.breaker.snapshot().failure_count, 4);
    world.advance(WINDOW);
    assert_eq!(world.breaker.snapshot().failure_count, 0);
}

#[test]
fn the_last_moments_of_the_clock_overflow_nothing() {
    let world = World::new();
    world.advance(Duration::from_nanos(u64::MAX - 2));
    world.fail(5);
    world.expect(State::Open);
    assert!(is_refused(&world.breaker));
    world.advance(NANO * 2);
    assert!(fail(&world.breaker).is_err());
    let _ = world.breaker.snapshot();
    world.breaker.reset();
    world.fail(5);
    world.hand.decrement(Duration::from_nanos(u64::MAX));
    assert!(is_refused(&world.breaker), "the step back is seen here");
    world.advance(TIMEOUT);
    world.succeed(2);
    world.expect(State::Closed);
}
