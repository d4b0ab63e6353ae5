//! tower-resilience's circuit breaker: a tower service around another. Each call has a clone of its own, as tower
//! shares services; all of them share the circuit.

use crate::{Answer, Call, Failure, LONG, NotApplicable, Outcome, Subject, Times, Work};
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer as _, Service as _};
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigBuilder, CircuitBreakerError, CircuitBreakerLayer, DefaultClassifier,
    SlidingWindowType,
};

pub(crate) struct Service(CircuitBreaker<Inner, DefaultClassifier>);

type Builder = CircuitBreakerConfigBuilder<DefaultClassifier>;

impl Service {
    fn build(builder: Builder) -> Self {
        Self(builder.build().expect("the settings are valid").layer(Inner))
    }
}

fn by_rate(calls: usize) -> Builder {
    let builder = CircuitBreakerLayer::builder().failure_rate_threshold(0.5).wait_duration_in_open(LONG);
    builder.sliding_window_size(calls).minimum_number_of_calls(calls)
}

fn in_time(builder: Builder, window: Duration) -> Builder {
    builder.sliding_window_type(SlidingWindowType::TimeBased).sliding_window_duration(window)
}

impl Subject for Service {
    const NAME: &'static str = "tower-resilience";

    fn over_calls() -> Self {
        Self::build(by_rate(100))
    }

    fn with_minimum() -> Result<Self, NotApplicable> {
        Ok(Self::build(by_rate(10)))
    }

    fn over_time() -> Result<(Self, Duration), NotApplicable> {
        let window = Duration::from_millis(50);
        Ok((Self::build(in_time(by_rate(5), window)), window))
    }

    fn probing(times: Times) -> Self {
        let builder = in_time(CircuitBreakerLayer::builder().consecutive_failures(5), times.window);
        Self::build(builder.wait_duration_in_open(times.open).permitted_calls_in_half_open(3))
    }

    fn call(&self, work: Work) -> Call {
        let mut service = self.0.clone();
        Box::pin(async move {
            let answer = match poll_fn(|context| service.poll_ready(context)).await {
                Ok(()) => service.call(work).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(()) => Outcome::Passed,
                Err(CircuitBreakerError::Inner(_)) => Outcome::Failed,
                Err(CircuitBreakerError::OpenCircuit) => Outcome::Refused,
            }
        })
    }
}

/// The service that is protected.
#[derive(Clone)]
pub(crate) struct Inner;

impl tower::Service<Work> for Inner {
    type Response = ();
    type Error = Failure;
    type Future = Work;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Answer> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, work: Work) -> Work {
        work
    }
}
