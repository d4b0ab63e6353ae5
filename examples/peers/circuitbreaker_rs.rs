//! circuitbreaker-rs: the rate of failures since it was built or last closed, or failures in a row; another policy
//! has a window of time.

use crate::{Call, Failure, LONG, NotApplicable, Outcome, Subject, Times, Work};
use circuitbreaker_rs::{
    BreakerBuilder, BreakerError, BreakerPolicy, DefaultPolicy, HookRegistry, MetricSink, TimeBasedPolicy,
};
use std::sync::Arc;
use std::time::Duration;

type Breaker<P> = circuitbreaker_rs::CircuitBreaker<P, Failure>;

/// The policy is part of the breaker's type, so only the way to call it is kept.
pub(crate) struct CircuitBreaker(Box<dyn Fn(Work) -> Call>);

impl<P: BreakerPolicy> From<Breaker<P>> for CircuitBreaker {
    fn from(breaker: Breaker<P>) -> Self {
        Self(Box::new(move |work| {
            let breaker = breaker.clone();
            Box::pin(async move {
                match breaker.call_async(|| work).await {
                    Ok(()) => Outcome::Passed,
                    Err(BreakerError::Operation(_)) => Outcome::Failed,
                    Err(_) => Outcome::Refused,
                }
            })
        }))
    }
}

/// The rate alone: no number of failures in a row opens it.
fn by_rate(minimum: u64) -> BreakerBuilder<DefaultPolicy, Failure> {
    let builder = Breaker::<DefaultPolicy>::builder().failure_threshold(0.5).min_throughput(minimum);
    builder.consecutive_failures(u64::MAX).cooldown(LONG)
}

impl Subject for CircuitBreaker {
    const NAME: &'static str = "circuitbreaker-rs";

    fn over_calls() -> Self {
        by_rate(100).build().into()
    }

    fn with_minimum() -> Result<Self, NotApplicable> {
        Ok(by_rate(10).build().into())
    }

    fn over_time() -> Result<(Self, Duration), NotApplicable> {
        let window = Duration::from_millis(50);
        let policy = TimeBasedPolicy::new(window, 10, 0.5, 5, Duration::ZERO, 3);
        Ok((Breaker::new(policy, LONG, 3, Arc::new(Nothing), Arc::new(HookRegistry::new())).into(), window))
    }

    fn probing(times: Times) -> Self {
        // A rate above 1.0 is never reached.
        let builder = Breaker::<DefaultPolicy>::builder().failure_threshold(2.0).consecutive_failures(5);
        builder.cooldown(times.open).probe_interval(3).consecutive_successes(3).build().into()
    }

    fn call(&self, work: Work) -> Call {
        (self.0)(work)
    }
}

/// Nobody looks at its metrics.
struct Nothing;

impl MetricSink for Nothing {
    fn record_state_transition(&self, _: &str, _: &str) {}
    fn record_error_rate(&self, _: f64) {}
    fn record_probe_attempt(&self, _: bool) {}
    fn record_call(&self, _: bool, _: Duration) {}
}
