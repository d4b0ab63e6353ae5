//! failsafe: state and policy behind one lock.

use crate::{Answer, Failure, LONG, Subject};
use bench_harness::Outcome;
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{self, ConsecutiveFailures};
use failsafe::{CircuitBreaker as _, Config, Error, StateMachine};
use std::hint::black_box;

pub(crate) struct Failsafe(StateMachine<ConsecutiveFailures<Constant>, ()>);

impl Failsafe {
    fn opening_after(failures: u32) -> Self {
        let policy = failure_policy::consecutive_failures(failures, backoff::constant(LONG));
        Self(Config::new().failure_policy(policy).build())
    }
}

impl Subject for Failsafe {
    const NAME: &'static str = "failsafe";
    const USE: &'static str = "CircuitBreaker::call, consecutive failures: its cheapest policy";

    fn closed() -> Self {
        Self::opening_after(u32::MAX)
    }

    fn open() -> Self {
        let breaker = Self::opening_after(1);
        while !matches!(breaker.0.call(|| Err::<(), _>(Failure)), Err(Error::Rejected)) {}
        breaker
    }

    fn caller(&self) -> impl FnMut(Answer) -> Outcome {
        |answer| match self.0.call(|| black_box(answer)) {
            Ok(_) => Outcome::Passed,
            Err(Error::Inner(_)) => Outcome::Failed,
            Err(Error::Rejected) => Outcome::Refused,
        }
    }
}
