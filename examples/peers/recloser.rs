//! recloser: the rate of failures in a ring of the last calls, judged once the ring is full and one more call comes.
//! Half-open has a ring of its own and no limit.

use crate::{Call, LONG, NotApplicable, Outcome, Subject, Times, Work};
use recloser::{AsyncRecloser, Error, RecloserBuilder};
use std::time::Duration;

pub(crate) struct Recloser(AsyncRecloser);

impl Recloser {
    fn build(builder: RecloserBuilder) -> Self {
        Self(builder.build().into())
    }
}

fn builder(calls: usize) -> RecloserBuilder {
    // The call after the ring is full is the first that is judged.
    recloser::Recloser::custom().error_rate(0.5).closed_len(calls - 1).open_wait(LONG)
}

impl Subject for Recloser {
    const NAME: &'static str = "recloser";

    fn over_calls() -> Self {
        Self::build(builder(100).closed_len(100))
    }

    fn with_minimum() -> Result<Self, NotApplicable> {
        Ok(Self::build(builder(10)))
    }

    fn over_time() -> Result<(Self, Duration), NotApplicable> {
        Err(NotApplicable("has no window of time"))
    }

    fn probing(times: Times) -> Self {
        Self::build(builder(5).half_open_len(3).open_wait(times.open))
    }

    fn call(&self, work: Work) -> Call {
        let call = self.0.call(work);
        Box::pin(async {
            match call.await {
                Ok(()) => Outcome::Passed,
                Err(Error::Inner(_)) => Outcome::Failed,
                Err(Error::Rejected) => Outcome::Refused,
            }
        })
    }
}
