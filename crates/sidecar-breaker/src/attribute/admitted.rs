//! One call that may run.

use crate::Verdict;
use crate::circuit::Circuit;
use crate::permit::Slip;
use sidecar_core::panics;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;

/// A call that was admitted, or that no breaker stands in front of.
#[must_use = "a call that is dropped ends without a verdict"]
pub struct Admitted {
    slip: Option<Slip<&'static Circuit>>,
}

impl Admitted {
    pub(super) fn new(slip: Option<Slip<&'static Circuit>>) -> Self {
        Self { slip }
    }

    /// Runs the body of a function.
    #[inline]
    pub fn run<R>(&mut self, body: impl FnOnce() -> R) -> R {
        match &mut self.slip {
            Some(slip) => slip.run(body),
            None => body(),
        }
    }

    /// Runs the body of an asynchronous function. Only a poll that unwinds makes it a failure; dropped between polls
    /// it is a cancellation.
    pub async fn run_async<F: Future>(&mut self, body: F) -> F::Output {
        let Some(slip) = &mut self.slip else { return body.await };
        let mut body = pin!(body);
        poll_fn(|context| slip.run(|| body.as_mut().poll(context))).await
    }

    /// Ends the call, as a failure if what it returned is an error.
    #[inline]
    pub fn settle(self, is_err: bool) {
        self.end(by_error(is_err));
    }

    /// Ends the call with what `classify` says, or as [`settle`](Self::settle) does if it panics.
    pub fn settle_by(self, classify: impl FnOnce() -> Verdict, is_err: bool) {
        let verdict = panics::contain(classify).unwrap_or_else(|_| by_error(is_err));
        self.end(verdict);
    }

    fn end(mut self, verdict: Verdict) {
        if let Some(slip) = &mut self.slip {
            slip.settle(Some(verdict));
        }
    }
}

fn by_error(is_err: bool) -> Verdict {
    if is_err { Verdict::Failure } else { Verdict::Success }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted").field("is_protected", &self.slip.is_some()).finish()
    }
}
