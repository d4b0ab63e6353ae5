//! failsafe: state and policy behind one lock.

use crate::{Answer, Failure, LONG, Over, Subject};
use bench_harness::Outcome;
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{self, ConsecutiveFailures, SuccessRateOverTimeWindow};
use failsafe::{CircuitBreaker as _, Config, Error, StateMachine};
use std::hint::black_box;
use std::time::Duration;

pub(crate) enum Failsafe {
    Counting(StateMachine<ConsecutiveFailures<Constant>, ()>),
    Rating(StateMachine<SuccessRateOverTimeWindow<Constant>, ()>),
}

impl Failsafe {
    fn opening_after(failures: u32) -> Self {
        let policy = failure_policy::consecutive_failures(failures, backoff::constant(LONG));
        Self::Counting(Config::new().failure_policy(policy).build())
    }

    /// Judges by a window of time.
    fn opening_below(success_rate: f64) -> Self {
        let (window, backoff) = (Duration::from_secs(10), backoff::constant(LONG));
        let policy = failure_policy::success_rate_over_time_window(success_rate, 20, window, backoff);
        Self::Rating(Config::new().failure_policy(policy).build())
    }

    fn call(&self, answer: Answer) -> Result<u32, Error<Failure>> {
        match self {
            Self::Counting(breaker) => breaker.call(|| black_box(answer)),
            Self::Rating(breaker) => breaker.call(|| black_box(answer)),
        }
    }
}

impl Subject for Failsafe {
    const NAME: &'static str = "failsafe";
    const USE: &'static str = "CircuitBreaker::call, consecutive failures: its cheapest policy";

    fn closed() -> Self {
        Self::opening_after(u32::MAX)
    }

    fn dating() -> (Self, &'static str) {
        // No rate is below zero.
        (Self::opening_below(0.0), "a moving average over 10 s")
    }

    fn rated(over: Over) -> Option<(Self, &'static str)> {
        let breaker = Self::opening_below(0.5);
        (over == Over::Time).then_some((breaker, "a moving average of 50 % over 10 s"))
    }

    fn counting_rows() -> Option<(Self, &'static str)> {
        Some((Self::opening_after(u32::MAX), "failures in a row, without their times"))
    }

    fn open() -> Self {
        let breaker = Self::opening_after(1);
        while !matches!(breaker.call(Err(Failure)), Err(Error::Rejected)) {}
        breaker
    }

    fn caller(&self) -> impl FnMut(Answer) -> Outcome {
        |answer| match self.call(answer) {
            Ok(_) => Outcome::Passed,
            Err(Error::Inner(_)) => Outcome::Failed,
            Err(Error::Rejected) => Outcome::Refused,
        }
    }
}
