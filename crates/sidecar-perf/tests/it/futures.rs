//! Futures, poll by poll.

use crate::{ends, monitor};
use sidecar_core::clock::Mock;
use sidecar_perf::{Operation, OperationMetrics, PerfMonitor};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Ok,
    Err,
    Panic,
}

/// Pending as often as `waits` says; then the end. Each poll takes a millisecond of virtual time, if it has a clock.
pub(crate) struct Script {
    pub(crate) waits: u32,
    pub(crate) end: End,
    pub(crate) hand: Option<Arc<Mock>>,
}

impl Future for Script {
    type Output = Result<(), ()>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(hand) = &self.hand {
            hand.increment(Duration::from_millis(1));
        }
        if self.waits > 0 {
            self.waits -= 1;
            return Poll::Pending;
        }
        match self.end {
            End::Ok => Poll::Ready(Ok(())),
            End::Err => Poll::Ready(Err(())),
            End::Panic => panic!("as it was told"),
        }
    }
}

fn scene() -> (PerfMonitor, Operation, Arc<Mock>) {
    let (monitor, hand) = monitor(|builder| builder);
    let operation = monitor.operation("call");
    (monitor, operation, hand)
}

fn seen(monitor: &PerfMonitor) -> OperationMetrics {
    monitor.operation_metrics("call").expect("it is known")
}

#[test]
fn whatever_is_returned_is_a_success_unless_tried() {
    let (monitor, operation, _) = scene();
    let err = || Script { waits: 0, end: End::Err, hand: None };
    assert_eq!(poll(pin!(operation.measure_async(err()))), Poll::Ready(Err(())));
    assert_eq!(poll(pin!(operation.try_measure_async(err()))), Poll::Ready(Err(())));
    assert_eq!(ends(&seen(&monitor)), [1, 1, 0, 0]);
}

#[test]
fn a_future_that_is_never_polled_is_no_operation() {
    let (monitor, operation, _) = scene();
    drop(operation.measure_async(std::future::ready(())));
    drop(operation.try_measure_async(std::future::ready(Ok::<_, ()>(()))));
    assert_eq!((seen(&monitor).since_start.count, seen(&monitor).in_flight), (0, 0));
}

#[test]
fn at_each_await_point_it_can_be_dropped_or_panic() {
    for waits in 0..4 {
        let (monitor, operation, hand) = scene();
        for at in 1..=waits {
            let script = Script { waits, end: End::Ok, hand: Some(Arc::clone(&hand)) };
            let mut call = Box::pin(operation.try_measure_async(script));
            (0..at).for_each(|_| assert!(poll(call.as_mut()).is_pending()));
            assert_eq!(seen(&monitor).in_flight, 1);
            drop(call);
            assert_eq!((ends(&seen(&monitor)), seen(&monitor).in_flight), ([0, 0, u64::from(at), 0], 0));
        }
        let script = Script { waits, end: End::Panic, hand: Some(hand) };
        let mut call = Box::pin(operation.try_measure_async(script));
        (0..waits).for_each(|_| assert!(poll(call.as_mut()).is_pending()));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).is_err());
        drop(call);
        assert_eq!((ends(&seen(&monitor)), seen(&monitor).in_flight), ([0, 0, u64::from(waits), 1], 0));
        let polls = f64::from(waits * (waits + 1) / 2 + waits + 1) / f64::from(waits + 1);
        assert_eq!((seen(&monitor).polls_avg, seen(&monitor).waiting_avg.is_some()), (Some(polls), true));
    }
}

#[test]
fn time_inside_of_polls_is_told_from_time_between_them() {
    let (monitor, operation, hand) = scene();
    let script = Script { waits: 2, end: End::Ok, hand: Some(Arc::clone(&hand)) };
    let mut call = pin!(operation.try_measure_async(script));
    while poll(call.as_mut()).is_pending() {
        hand.increment(Duration::from_millis(10));
    }
    let figures = seen(&monitor).window;
    assert_eq!(
        (figures.busy_avg, figures.waiting_avg, figures.polls_avg),
        (Some(3.0), Some(20.0), Some(3.0))
    );
    assert_eq!(figures.latency_avg, Some(23.0));
    operation.measure(|| ());
    assert_eq!(seen(&monitor).polls_avg, Some(3.0), "what was no future is not among them");
}
