//! What the outcome of a call says about the dependency.

use crate::totals::Outcome;
use sidecar_core::clock::nanos;
use std::time::Duration;

/// How one finished call counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The dependency works.
    Success,
    /// The dependency does not work.
    Failure,
    /// The outcome says nothing about the dependency, for example a request that was malformed.
    Ignored,
    /// A failure with which the dependency asked to be left alone for at least this long, as HTTP's
    /// `Retry-After` does. If it opens the breaker, that stays open for as long, up to `max_timeout`.
    RetryAfter(Duration),
}

impl Verdict {
    /// The default classification: `Ok` is a success and `Err` a failure.
    #[must_use]
    pub fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Success } else { Self::Failure }
    }

    /// Whether the dependency does not work.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::RetryAfter(_))
    }

    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Success => Outcome::Success,
            Self::Failure | Self::RetryAfter(_) => Outcome::Failure,
            Self::Ignored => Outcome::Ignored,
        }
    }

    /// For how long, in nanoseconds, the dependency wishes to be left alone.
    pub(crate) fn wish(self) -> u64 {
        match self {
            Self::RetryAfter(wish) => nanos(wish),
            Self::Success | Self::Failure | Self::Ignored => 0,
        }
    }
}

/// How a call counts that ends without a verdict: its permit was dropped, or its future was cancelled.
///
/// A panic is not such a call: it always counts as a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dropped {
    /// As [`Verdict::Ignored`]: a caller that gave up says nothing about the dependency.
    #[default]
    Ignore,
    /// As [`Verdict::Failure`]: for callers that give up only because the dependency is slow.
    Failure,
}

impl From<Dropped> for Verdict {
    fn from(dropped: Dropped) -> Self {
        match dropped {
            Dropped::Ignore => Self::Ignored,
            Dropped::Failure => Self::Failure,
        }
    }
}
