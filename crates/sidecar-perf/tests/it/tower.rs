//! Calls of tower's services.

use crate::support::{metrics, monitor, ms, tally};
use sidecar_perf::{Completion, PerfLayer};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service, ServiceExt, service_fn};

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Polls once.
fn poll_now<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut context())
}

#[test]
fn responses_errors_panics_and_drops_are_told_apart() {
    let (monitor, _) = monitor(|b| b);
    let layer = PerfLayer::new(monitor.operation("calls"));
    let service = layer.layer(service_fn(|request: &'static str| {
        poll_fn(move |_| match request {
            "ok" => Poll::Ready(Ok(())),
            "err" => Poll::Ready(Err("no")),
            "panic" => panic!("on purpose"),
            _ => Poll::Pending,
        })
    }));
    let call = |request| poll_now(service.clone().oneshot(request));
    assert_eq!((call("ok"), call("err")), (Poll::Ready(Ok(())), Poll::Ready(Err("no"))));
    assert_eq!(call("wait"), Poll::Pending, "and then it is dropped");
    catch_unwind(AssertUnwindSafe(|| call("panic"))).expect_err("it panics");
    assert_eq!(tally(&monitor, "calls"), [1, 1, 1, 1, 0]);
}

#[test]
fn a_service_that_panics_when_it_is_called_has_panicked() {
    let (monitor, _) = monitor(|b| b);
    let layer = PerfLayer::new(monitor.operation("calls"));
    let mut service =
        layer.layer(service_fn(|(): ()| -> std::future::Ready<Result<(), ()>> { panic!("on purpose") }));
    catch_unwind(AssertUnwindSafe(|| drop(service.call(())))).expect_err("it panics");
    assert_eq!(tally(&monitor, "calls"), [0, 0, 0, 1, 0]);
}

#[test]
fn what_is_a_failure_is_for_the_caller_to_say_and_a_panic_there_is_contained() {
    let (monitor, _) = monitor(|b| b);
    let layer =
        PerfLayer::new(monitor.operation("calls")).classify(|result: &Result<u16, ()>| match result {
            Ok(600) => panic!("on purpose"),
            Ok(500..) => Completion::Failure,
            other => Completion::of(other),
        });
    let service = layer.layer(service_fn(|status: u16| std::future::ready(Ok(status))));
    for status in [200, 503, 600] {
        assert_eq!(poll_now(service.clone().oneshot(status)), Poll::Ready(Ok(status)));
    }
    assert_eq!(tally(&monitor, "calls"), [2, 1, 0, 0, 0]);
}

#[test]
fn a_call_is_measured_from_its_beginning_and_waiting_is_told_from_work() {
    let (monitor, hand) = monitor(|b| b);
    let layer = PerfLayer::new(monitor.operation("calls"));
    let mut service = layer.layer(service_fn(|(): ()| {
        hand.increment(ms(1));
        let hand = &hand;
        let mut polls = 0;
        poll_fn(move |_| {
            hand.increment(ms(10));
            polls += 1;
            if polls == 2 { Poll::Ready(Ok::<_, ()>(())) } else { Poll::Pending }
        })
    }));
    let mut call = pin!(service.call(()));
    assert_eq!(metrics(&monitor, "calls").in_flight, 1);
    while call.as_mut().poll(&mut context()).is_pending() {
        hand.increment(ms(100));
    }
    let found = metrics(&monitor, "calls");
    assert_eq!((found.polls, found.busy, found.waiting), (2, ms(21), ms(100)));
    assert_eq!(found.latency_max, Some(121.0));
}
