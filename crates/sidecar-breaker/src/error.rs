//! What a protected call can end with, beside its own value.

use crate::identity;
use crate::machine::NEVER;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A call was refused and never ran. A plain `Copy` value; making one allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Rejected {
    id: u64,
    /// In nanoseconds; [`NEVER`] for no end.
    retry_after: u64,
    reason: RejectReason,
}

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectReason {
    /// The breaker is open.
    Open,
    /// The breaker is half-open and all its probes are in flight.
    HalfOpenFull,
    /// The breaker was forced open by hand.
    ForcedOpen,
}

impl Rejected {
    pub(crate) fn new(id: u64, reason: RejectReason, retry_after: Option<u64>) -> Self {
        Self { id, reason, retry_after: retry_after.unwrap_or(NEVER) }
    }

    /// Why the call was refused.
    #[must_use]
    pub fn reason(&self) -> RejectReason {
        self.reason
    }

    /// How long the breaker goes on as it is: until a call may probe when open, at most until the round
    /// ends when half-open, until the time to live ends when forced open; `None` if that has no end.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        (self.retry_after != NEVER).then(|| Duration::from_nanos(self.retry_after))
    }

    /// The breaker's name, looked up now; `None` once the breaker is gone.
    #[must_use]
    pub fn name(&self) -> Option<Arc<str>> {
        identity::name_of(self.id)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "circuit breaker {name} ")?,
            None => write!(f, "circuit breaker #{} ", self.id)?,
        }
        f.write_str(match self.reason {
            RejectReason::Open => "is open",
            RejectReason::HalfOpenFull => "is half-open and all its probes are in flight",
            RejectReason::ForcedOpen => "is forced open",
        })?;
        match self.retry_after() {
            Some(wait) => write!(f, ", retry after {wait:.1?}"),
            None => Ok(()),
        }
    }
}

impl Error for Rejected {}

/// An error of kind `Other` that holds the rejection.
impl From<Rejected> for io::Error {
    fn from(rejected: Rejected) -> Self {
        Self::other(rejected)
    }
}

/// A protected call did not succeed: it was refused, or it ran and failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError<E> {
    /// The breaker refused the call; it never ran.
    Rejected(Rejected),
    /// The call ran and returned this error.
    Inner(E),
}

impl<E> From<Rejected> for CallError<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<E> CallError<E> {
    /// The rejection, if the call was refused.
    #[must_use]
    pub fn rejected(&self) -> Option<Rejected> {
        match self {
            Self::Rejected(rejected) => Some(*rejected),
            Self::Inner(_) => None,
        }
    }

    /// The call's own error, if it ran.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for CallError<E> {
    // Display is that of the wrapped error, so its cause is ours and it is not a cause itself.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => error.source(),
        }
    }
}
