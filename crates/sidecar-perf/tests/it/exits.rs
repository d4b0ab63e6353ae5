//! Every exit is recorded, and once.

use crate::support::{metrics, monitor, ms, tally};
use sidecar_perf::{Completion, Operation, PerfMonitor};
use std::future::{poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn work(monitor: &PerfMonitor) -> Operation {
    monitor.operation("work")
}

/// Pending so many times.
async fn pauses(times: usize) {
    for _ in 0..times {
        let mut paused = false;
        poll_fn(|_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// Polls at most so many times.
fn poll_up_to<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    })
}

#[test]
fn values_errors_and_panics_of_closures() {
    let (monitor, _) = monitor(|b| b);
    let operation = work(&monitor);
    assert_eq!(operation.measure(|| 7), 7);
    assert_eq!(operation.try_measure(|| Ok::<_, ()>(7)), Ok(7));
    assert_eq!(operation.try_measure(|| Err::<(), _>("no")), Err("no"));
    let by_question_mark = || -> Result<u32, std::num::ParseIntError> {
        operation.try_measure(|| {
            let number: u32 = "x".parse()?;
            Ok(number + 1)
        })
    };
    by_question_mark().expect_err("it is no number");
    for _ in 0..2 {
        catch_unwind(AssertUnwindSafe(|| operation.measure(|| panic!("on purpose")))).expect_err("it panics");
    }
    assert_eq!(tally(&monitor, "work"), [2, 2, 0, 2, 0]);
}

#[test]
fn guards_end_as_they_are_told_or_as_they_are_dropped() {
    let (monitor, hand) = monitor(|b| b);
    let operation = work(&monitor);
    let (first, second) = (operation.start(), operation.start_owned());
    assert_eq!(tally(&monitor, "work"), [0, 0, 0, 0, 2]);
    hand.increment(ms(3));
    first.success();
    std::thread::spawn(move || second.failure()).join().expect("no panic");
    operation.start().cancel();
    drop(operation.start());
    operation.start().end(Completion::Panicked);
    let early_return = || {
        let _timer = operation.start();
        None::<()>
    };
    assert_eq!(early_return(), None);
    assert_eq!(tally(&monitor, "work"), [1, 1, 3, 1, 0]);
    assert_eq!(metrics(&monitor, "work").latency_max, Some(3.0));
}

#[test]
fn a_panic_that_began_before_the_guard_is_not_its_own() {
    struct MeasuresInDrop<'a>(&'a Operation);
    impl Drop for MeasuresInDrop<'_> {
        fn drop(&mut self) {
            self.0.measure(|| ());
            drop(self.0.start());
        }
    }
    let (monitor, _) = monitor(|b| b);
    let operation = work(&monitor);
    let outer = operation.start_owned();
    catch_unwind(AssertUnwindSafe(|| {
        let _outer = outer;
        let _cleanup = MeasuresInDrop(&operation);
        panic!("on purpose");
    }))
    .expect_err("it panics");
    assert_eq!(tally(&monitor, "work"), [1, 0, 1, 1, 0]);
}

#[test]
fn a_clock_that_is_set_back_makes_no_long_duration() {
    let (monitor, hand) = monitor(|b| b);
    let operation = work(&monitor);
    let timer = operation.start();
    hand.decrement(ms(500));
    timer.success();
    assert_eq!(metrics(&monitor, "work").latency_max, Some(0.0));
}

#[test]
fn a_future_that_is_never_polled_is_no_operation() {
    let (monitor, _) = monitor(|b| b);
    drop(work(&monitor).measure_async(pauses(3)));
    assert_eq!(tally(&monitor, "work"), [0; 5]);
}

#[test]
fn a_future_may_be_dropped_or_panic_at_each_await() {
    for at in 1..=4 {
        let (monitor, _) = monitor(|b| b);
        let operation = work(&monitor);
        assert_eq!(poll_up_to(at, operation.measure_async(pauses(4))), None);
        assert_eq!(tally(&monitor, "work"), [0, 0, 1, 0, 0], "dropped at await {at}");
        let panics = async {
            pauses(at - 1).await;
            panic!("on purpose");
        };
        catch_unwind(AssertUnwindSafe(|| poll_up_to(9, operation.measure_async(panics))))
            .expect_err("it panics");
        assert_eq!(tally(&monitor, "work"), [0, 0, 1, 1, 0], "panicked at await {at}");
        assert_eq!(poll_up_to(9, operation.measure_async(pauses(at))), Some(()));
        assert_eq!(tally(&monitor, "work"), [1, 0, 1, 1, 0], "ended after {at}");
    }
}

#[test]
fn a_future_that_is_dropped_by_a_panic_elsewhere_was_given_up() {
    let (monitor, _) = monitor(|b| b);
    let operation = work(&monitor);
    catch_unwind(AssertUnwindSafe(|| {
        let mut future = Box::pin(operation.measure_async(pauses(1)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        panic!("on purpose");
    }))
    .expect_err("it panics");
    assert_eq!(tally(&monitor, "work"), [0, 0, 1, 0, 0]);
}

#[test]
fn results_of_futures_are_told_apart_and_a_kept_future_that_panicked_has_ended() {
    let (monitor, _) = monitor(|b| b);
    let operation = work(&monitor);
    assert_eq!(poll_up_to(1, operation.try_measure_async(ready(Ok::<_, ()>(1)))), Some(Ok(1)));
    assert_eq!(poll_up_to(1, operation.try_measure_async(ready(Err::<(), _>(2)))), Some(Err(2)));
    let mut kept = Box::pin(operation.measure_async(poll_fn(|_| -> Poll<()> { panic!("on purpose") })));
    let mut context = Context::from_waker(Waker::noop());
    catch_unwind(AssertUnwindSafe(|| kept.as_mut().poll(&mut context))).expect_err("it panics");
    assert_eq!(tally(&monitor, "work"), [1, 1, 0, 1, 0]);
    drop(kept);
    assert_eq!(tally(&monitor, "work"), [1, 1, 0, 1, 0]);
}

#[test]
fn busy_time_and_waiting_time_are_told_apart() {
    let (monitor, hand) = monitor(|b| b);
    let operation = work(&monitor);
    let mut polls = 0;
    let mut future = Box::pin(operation.measure_async(poll_fn(|_| {
        hand.increment(ms(2));
        polls += 1;
        if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
    })));
    let mut context = Context::from_waker(Waker::noop());
    hand.increment(ms(100));
    while future.as_mut().poll(&mut context).is_pending() {
        assert_eq!(metrics(&monitor, "work").in_flight, 1);
        hand.increment(ms(10));
    }
    let found = metrics(&monitor, "work");
    assert_eq!((found.polls, found.busy, found.waiting), (3, ms(6), ms(20)));
    assert_eq!((found.in_flight, found.latency_max), (0, Some(26.0)));
}
