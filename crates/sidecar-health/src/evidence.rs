//! What one run of a check, or its absence, says about a component.

use std::time::{Duration, SystemTime};

use crate::outcome::CheckOutcome;
use crate::status::{Cause, Status};
use crate::worker::Ended;

/// One instant on both clocks: monotonic for judging, wall for showing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Monotonic nanoseconds.
    pub(crate) now: u64,
    pub(crate) wall: SystemTime,
}

impl Moment {
    /// What the wall clock would have shown at another time, had nobody moved it.
    pub(crate) fn wall_at(self, now: u64) -> SystemTime {
        let ago = Duration::from_nanos(self.now.saturating_sub(now));
        self.wall.checked_sub(ago).unwrap_or(self.wall)
    }
}

/// A result to be recorded.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) outcome: CheckOutcome,
    /// Why it failed; without meaning when it passed.
    pub(crate) cause: Cause,
    /// Whether this is the result of a run, rather than one more reminder that a run is missing.
    pub(crate) of_a_run: bool,
}

impl Evidence {
    /// What a check answered in time, or the message of its panic.
    pub(crate) fn answered(result: Result<CheckOutcome, String>) -> Self {
        match result {
            Ok(outcome) => Self { outcome, cause: Cause::Error, of_a_run: true },
            Err(message) => Self::failed(Cause::Panicked, message, true),
        }
    }

    /// How a run ended; none if it was given up, which its timeout has been counted for.
    pub(crate) fn of(ended: Ended) -> Option<Self> {
        match ended {
            Ended::Answered(outcome) => Some(Self::answered(Ok(outcome))),
            Ended::Panicked(message) => Some(Self::answered(Err(message))),
            #[cfg(feature = "tokio")]
            Ended::Cancelled => None,
            #[cfg(feature = "tokio")]
            Ended::Lost => Some(Self::not_started("the runtime has dropped the check's task".to_owned())),
        }
    }

    /// A run that was given up.
    pub(crate) fn given_up(timeout: u64) -> Self {
        let timeout = Duration::from_nanos(timeout);
        Self::failed(Cause::Timeout, format!("given up after its timeout of {timeout:?}"), true)
    }

    /// A run that is over its timeout and has not returned. Only the first finding is the run's result.
    pub(crate) fn hanging(elapsed: u64, first: bool) -> Self {
        Self::failed(
            Cause::Timeout,
            format!("still running after {:?}", Duration::from_nanos(elapsed)),
            first,
        )
    }

    /// A run that returned, but too late to count.
    pub(crate) fn late(elapsed: u64, timeout: u64) -> Self {
        let (elapsed, timeout) = (Duration::from_nanos(elapsed), Duration::from_nanos(timeout));
        Self::failed(
            Cause::Timeout,
            format!("answered after {elapsed:?}, over its timeout of {timeout:?}"),
            true,
        )
    }

    /// A run that could not begin.
    pub(crate) fn not_started(reason: String) -> Self {
        Self::failed(Cause::Error, reason, true)
    }

    /// Nothing will be checked any more.
    pub(crate) fn stopped() -> Self {
        Self::failed(Cause::Stopped, Cause::Stopped.sentence().to_owned(), false)
    }

    fn failed(cause: Cause, message: String, of_a_run: bool) -> Self {
        Self { outcome: CheckOutcome::unhealthy(message), cause, of_a_run }
    }

    /// Degraded passes: the component works.
    pub(crate) fn passed(&self) -> bool {
        self.outcome.status() != Status::Unhealthy
    }
}
