//! `#[monitor_performance]`: what the functions record that it stands on. It records to the global monitor, so each
//! test has operations of its own.

use sidecar_perf::{OperationMetrics, PerfMonitor, monitor_performance};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn seen(name: &str) -> OperationMetrics {
    PerfMonitor::global().operation_metrics(name).unwrap_or_else(|| panic!("{name} was never called"))
}

/// Successes, failures, cancelled and panicked ones.
fn ended(name: &str) -> [u64; 4] {
    let metrics = seen(name);
    assert_eq!(metrics.in_flight, 0, "{name}");
    let found = &metrics.since_start;
    [found.successes, found.failures, found.cancelled, found.panicked]
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[derive(Clone, Copy, Debug)]
enum End {
    Ok,
    Err,
    Panic,
}

/// Pending as often as `waits` says; then the end.
struct Script {
    waits: u32,
    end: End,
}

impl Future for Script {
    type Output = Result<(), ()>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if self.waits > 0 {
            self.waits -= 1;
            return Poll::Pending;
        }
        Poll::Ready(end(self.end).map(drop))
    }
}

fn end(end: End) -> Result<u8, ()> {
    match end {
        End::Ok => Ok(7),
        End::Err => Err(()),
        End::Panic => panic!("as it was told"),
    }
}

#[test]
fn a_function_succeeds_fails_or_panics() {
    #[monitor_performance(operation_name = "sync")]
    fn call(how: End) -> Result<u8, ()> {
        let found = end(how)?;
        if found == 7 {
            return Ok(found);
        }
        Err(())
    }
    assert_eq!((call(End::Ok), call(End::Err)), (Ok(7), Err(())));
    assert!(catch_unwind(|| call(End::Panic)).is_err());
    assert_eq!(ended("sync"), [1, 1, 0, 1]);
    assert_eq!(seen("sync").since_start.samples, 3);
}

#[test]
fn a_future_succeeds_fails_panics_or_is_cancelled() {
    #[monitor_performance(operation_name = "async")]
    async fn call(script: Script) -> Result<(), ()> {
        script.await?;
        Ok(())
    }
    let script = |end, waits| Script { waits, end };
    drop(call(script(End::Ok, 0)));
    assert!(PerfMonitor::global().operation_metrics("async").is_none(), "never polled is no operation");
    assert_eq!(poll(pin!(call(script(End::Ok, 0)))), Poll::Ready(Ok(())));
    assert_eq!(poll(pin!(call(script(End::Err, 0)))), Poll::Ready(Err(())));
    let mut dropped = Box::pin(call(script(End::Ok, 3)));
    assert!(poll(dropped.as_mut()).is_pending() && poll(dropped.as_mut()).is_pending());
    assert_eq!(seen("async").in_flight, 1);
    drop(dropped);
    let mut panics = Box::pin(call(script(End::Panic, 1)));
    assert!(poll(panics.as_mut()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(panics.as_mut()))).is_err());
    drop(panics);
    assert_eq!(ended("async"), [1, 1, 1, 1]);
    assert_eq!(seen("async").since_start.polls, 6);
}

struct Service(u8);

impl Service {
    #[monitor_performance]
    fn method(&mut self, more: u8) -> u8 {
        self.0 += more;
        self.0
    }

    #[monitor_performance]
    async fn later(&self) -> Option<u8> {
        (self.0 > 100).then_some(self.0)
    }
}

#[test]
fn methods_have_the_name_of_where_they_stand() {
    let mut service = Service(1);
    assert_eq!((service.method(2), service.method(3)), (3, 6));
    assert_eq!(poll(pin!(service.later())), Poll::Ready(None), "no error: it is no result");
    assert_eq!(ended("it::attribute::Service::method"), [2, 0, 0, 0]);
    assert_eq!(ended("it::attribute::Service::later"), [1, 0, 0, 0]);
}

#[test]
fn all_types_of_a_generic_function_are_one_operation() {
    #[monitor_performance(operation_name = "generic")]
    fn call<T, E>(result: Result<T, E>) -> Result<T, E>
    where
        T: Copy,
    {
        result
    }
    assert_eq!((call(Ok::<_, u8>("a")), call(Err::<u8, _>(2))), (Ok("a"), Err(2)));
    assert_eq!(ended("generic"), [1, 1, 0, 0]);
}

#[test]
fn two_places_with_one_name_are_one_operation() {
    #[monitor_performance(operation_name = "shared")]
    fn one() {}
    #[monitor_performance(operation_name = "shared")]
    fn other() -> std::io::Result<()> {
        Err(std::io::ErrorKind::Other.into())
    }
    one();
    assert!(other().is_err());
    assert_eq!(ended("shared"), [1, 1, 0, 0]);
}

#[test]
fn after_its_first_call_a_function_allocates_nothing() {
    #[monitor_performance(operation_name = "lean")]
    fn call(number: u64) -> u64 {
        number + 1
    }
    let sum = call(1);
    assert_eq!(sidecar_harness::alloc::counted(|| call(sum)).1.allocations, 0);
}

/// It builds a project: programs that end well.
#[test]
fn accepted() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}
