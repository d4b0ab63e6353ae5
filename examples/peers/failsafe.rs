//! failsafe: failures in a row, or a moving average of successes over whole seconds. It has no limit of probes, no
//! window for them, and closes at the first success.

use crate::{Call, Failure, LONG, NotApplicable, Outcome, Subject, Times, Work};
use failsafe::backoff::constant;
use failsafe::failure_policy::{FailurePolicy, consecutive_failures, success_rate_over_time_window};
use failsafe::futures::CircuitBreaker as _;
use failsafe::{Config, Error};
use std::thread;
use std::time::Duration;

/// The shortest window.
const WINDOW: Duration = Duration::from_secs(1);

/// The policy is part of the breaker's type, so only the way to call it is kept.
pub(crate) struct Failsafe(Box<dyn Fn(Work) -> Call>);

impl Failsafe {
    fn with(policy: impl FailurePolicy + Send + Sync + 'static) -> Self {
        let breaker = Config::new().failure_policy(policy).build();
        Self(Box::new(move |work| {
            let call = breaker.call(work);
            Box::pin(async { outcome(call.await) })
        }))
    }

    fn with_rate(minimum: u32) -> Self {
        let subject = Self::with(success_rate_over_time_window(0.5, minimum, WINDOW, constant(LONG)));
        // Before a window has passed, no rate opens it.
        thread::sleep(WINDOW);
        subject
    }
}

fn outcome(result: Result<(), Error<Failure>>) -> Outcome {
    match result {
        Ok(()) => Outcome::Passed,
        Err(Error::Inner(_)) => Outcome::Failed,
        Err(Error::Rejected) => Outcome::Refused,
    }
}

impl Subject for Failsafe {
    const NAME: &'static str = "failsafe";

    fn over_calls() -> Self {
        Self::with(consecutive_failures(5, constant(LONG)))
    }

    fn with_minimum() -> Result<Self, NotApplicable> {
        Ok(Self::with_rate(10))
    }

    fn over_time() -> Result<(Self, Duration), NotApplicable> {
        Ok((Self::with_rate(5), WINDOW))
    }

    fn probing(times: Times) -> Self {
        Self::with(consecutive_failures(5, constant(times.open)))
    }

    fn call(&self, work: Work) -> Call {
        (self.0)(work)
    }
}
