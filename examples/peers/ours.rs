//! This project's breaker.

use crate::{Call, LONG, NotApplicable, Outcome, Subject, Times, Work};
use sidecar_breaker::{Breaker, BreakerBuilder, CallError, Policy};
use std::time::Duration;

pub(crate) struct Ours(Breaker);

impl Ours {
    fn build(builder: BreakerBuilder) -> Self {
        Self(builder.build().expect("the settings are valid"))
    }
}

fn builder() -> BreakerBuilder {
    Breaker::builder("faults").failure_threshold(5).timeout(LONG)
}

impl Subject for Ours {
    const NAME: &'static str = "sidecar-breaker";

    fn over_calls() -> Self {
        Self::build(builder())
    }

    fn with_minimum() -> Result<Self, NotApplicable> {
        let policy = Policy::failure_rate(0.5).over_calls(100).min_calls(10);
        Ok(Self::build(builder().policy(policy)))
    }

    fn over_time() -> Result<(Self, Duration), NotApplicable> {
        let window = Duration::from_millis(50);
        Ok((Self::build(builder().sliding_window(window)), window))
    }

    fn probing(times: Times) -> Self {
        let builder = builder().sliding_window(times.window).timeout(times.open);
        Self::build(builder.half_open_max_calls(3).success_threshold(3).probe_timeout(times.round))
    }

    fn call(&self, work: Work) -> Call {
        let breaker = self.0.clone();
        Box::pin(async move {
            match breaker.call_async(|| work).await {
                Ok(()) => Outcome::Passed,
                Err(CallError::Inner(_)) => Outcome::Failed,
                Err(_) => Outcome::Refused,
            }
        })
    }
}
