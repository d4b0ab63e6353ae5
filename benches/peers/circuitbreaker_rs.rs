//! circuitbreaker-rs: an atomic state, counters, and the time of each outcome behind a lock.

use crate::{Answer, Failure, LONG, Over, Subject};
use bench_harness::Outcome;
use circuitbreaker_rs::{BreakerError, DefaultPolicy};
use std::hint::black_box;

pub(crate) struct CircuitBreaker(circuitbreaker_rs::CircuitBreaker<DefaultPolicy, Failure>);

impl Subject for CircuitBreaker {
    const NAME: &'static str = "circuitbreaker-rs";
    const USE: &'static str = "CircuitBreaker::call, default policy, totals counted";

    fn closed() -> Self {
        let builder = circuitbreaker_rs::CircuitBreaker::<DefaultPolicy, _>::builder();
        // A rate above 1.0 is never reached.
        Self(builder.failure_threshold(2.0).consecutive_failures(u64::MAX).build())
    }

    fn rated(over: Over) -> Option<(Self, &'static str)> {
        let builder = circuitbreaker_rs::CircuitBreaker::<DefaultPolicy, _>::builder();
        let breaker = builder.failure_threshold(0.5).consecutive_failures(u64::MAX).build();
        (over == Over::LastCalls)
            .then_some((Self(breaker), "50 % of all calls since the start, totals counted"))
    }

    fn open() -> Self {
        let breaker = circuitbreaker_rs::CircuitBreaker::<DefaultPolicy, _>::builder().cooldown(LONG).build();
        breaker.force_open();
        Self(breaker)
    }

    fn caller(&self) -> impl FnMut(Answer) -> Outcome {
        |answer| match self.0.call(|| black_box(answer)) {
            Ok(_) => Outcome::Passed,
            Err(BreakerError::Operation(_)) => Outcome::Failed,
            Err(_) => Outcome::Refused,
        }
    }
}
