//! recloser: a ring of the last outcomes behind a spin lock, the state behind an epoch.

use crate::{Answer, Failure, LONG, Over, Subject};
use bench_harness::Outcome;
use recloser::Error;
use std::hint::black_box;

pub(crate) struct Recloser(recloser::Recloser);

impl Subject for Recloser {
    const NAME: &'static str = "recloser";
    const USE: &'static str = "Recloser::call, rate over the last 100 calls";

    fn closed() -> Self {
        // A rate above 1.0 is never reached.
        Self(recloser::Recloser::custom().error_rate(2.0).closed_len(100).build())
    }

    fn rated(over: Over) -> Option<(Self, &'static str)> {
        let breaker = recloser::Recloser::custom().error_rate(0.5).closed_len(100).build();
        (over == Over::LastCalls).then_some((Self(breaker), "50 % of the last 100 calls"))
    }

    fn open() -> Self {
        let breaker = recloser::Recloser::custom().closed_len(1).open_wait(LONG).build();
        while !matches!(breaker.call(|| Err::<(), _>(Failure)), Err(Error::Rejected)) {}
        Self(breaker)
    }

    fn caller(&self) -> impl FnMut(Answer) -> Outcome {
        |answer| match self.0.call(|| black_box(answer)) {
            Ok(_) => Outcome::Passed,
            Err(Error::Inner(_)) => Outcome::Failed,
            Err(Error::Rejected) => Outcome::Refused,
        }
    }
}
