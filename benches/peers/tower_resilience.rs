//! tower-resilience's circuit breaker: a tower service around another, the circuit behind an async lock.
//!
//! Each thread has a clone of its own, as tower shares services; all of them share the circuit. There is no
//! runtime: the thread polls, and parks while another one holds the lock.

use crate::{Answer, Failure, LONG, Over, Subject};
use bench_harness::Outcome;
use std::future::{Ready, poll_fn, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use tower::{Layer as _, Service as _};
use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerHandle, CircuitBreakerLayer};

pub(crate) struct Service {
    layer: CircuitBreakerLayer,
    handle: CircuitBreakerHandle,
}

impl Subject for Service {
    const NAME: &'static str = "tower-resilience";
    const USE: &'static str = "poll_ready and call of a clone per thread, consecutive failures";

    fn closed() -> Self {
        let builder = CircuitBreakerLayer::builder().consecutive_failures(usize::MAX);
        let (layer, handle) =
            builder.wait_duration_in_open(LONG).build_with_handle().expect("the settings are valid");
        Self { layer, handle }
    }

    fn rated(over: Over) -> Option<(Self, &'static str)> {
        let builder = CircuitBreakerLayer::builder().failure_rate_threshold(0.5).sliding_window_size(100);
        let builder = builder.minimum_number_of_calls(20);
        // Its window of time keeps every call of the span and goes through all of them at each.
        let (layer, handle) =
            builder.wait_duration_in_open(LONG).build_with_handle().expect("the settings are valid");
        (over == Over::LastCalls).then_some((Self { layer, handle }, "50 % of 100 calls"))
    }

    fn counting_rows() -> Option<(Self, &'static str)> {
        Some((Self::closed(), "failures in a row"))
    }

    fn open() -> Self {
        let service = Self::closed();
        block_on(&waker(), service.handle.force_open());
        service
    }

    fn caller(&self) -> impl FnMut(Answer) -> Outcome {
        let mut service = self.layer.layer(Inner);
        let waker = waker();
        move |answer| {
            let answer = block_on(&waker, poll_fn(|context| service.poll_ready(context)))
                .and_then(|()| block_on(&waker, service.call(answer)));
            match answer {
                Ok(_) => Outcome::Passed,
                Err(CircuitBreakerError::Inner(_)) => Outcome::Failed,
                Err(CircuitBreakerError::OpenCircuit) => Outcome::Refused,
            }
        }
    }
}

/// The service that is protected.
#[derive(Clone)]
struct Inner;

impl tower::Service<Answer> for Inner {
    type Response = u32;
    type Error = Failure;
    type Future = Ready<Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, answer: Answer) -> Self::Future {
        ready(black_box(answer))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn waker() -> Waker {
    Arc::new(Unpark(thread::current())).into()
}

fn block_on<F: Future>(waker: &Waker, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
