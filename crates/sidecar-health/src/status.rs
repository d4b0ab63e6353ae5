//! How a component stands, and why.

use std::fmt;

/// How a component, or the whole, stands: ordered from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// A success is recent enough to vouch for it.
    Healthy,
    /// It works, with limits that it reports itself.
    Degraded,
    /// No verdict: there is none yet, or none is asked for while something that it depends on fails.
    Unknown,
    /// It fails, or nothing recent says that it works.
    Unhealthy,
}

impl Status {
    /// Every status, from good to bad.
    pub const ALL: &'static [Self] = &[Self::Healthy, Self::Degraded, Self::Unknown, Self::Unhealthy];

    /// The lower-case word that stands in JSON and in metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// Whether it can be relied on: healthy or degraded.
    #[must_use]
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Healthy | Self::Degraded)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a component is not healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// No run, or too few in a row, for a first verdict.
    Pending,
    /// The check itself said so: it reported limits.
    Degraded,
    /// The check reported a failure.
    Error,
    /// The check hangs, or answered after its timeout.
    Timeout,
    /// The check panicked.
    Panicked,
    /// The last success, or the last beat, is too old to vouch for anything.
    Stale,
    /// The handle of a heartbeat was dropped without being retired.
    Dropped,
    /// Something that it depends on fails, so that it is not checked.
    Dependency,
    /// Health checking was stopped.
    Stopped,
    /// The application's checks are switched off.
    Disabled,
}

impl Cause {
    /// The lower-case word that stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Degraded => "degraded",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Panicked => "panicked",
            Self::Stale => "stale",
            Self::Dropped => "dropped",
            Self::Dependency => "dependency",
            Self::Stopped => "stopped",
            Self::Disabled => "disabled",
        }
    }

    /// A fixed sentence, safe to show to anyone: it says nothing about the component but the cause.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Pending => "there is no verdict yet",
            Self::Degraded => "the check reports limits",
            Self::Error => "the check failed",
            Self::Timeout => "the check did not answer in time",
            Self::Panicked => "the check panicked",
            Self::Stale => "the last success is too old",
            Self::Dropped => "the handle of the heartbeat was dropped",
            Self::Dependency => "something that it depends on fails",
            Self::Stopped => "health checking was stopped",
            Self::Disabled => "the checks are disabled",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_runs_from_good_to_bad() {
        assert!(Status::ALL.is_sorted());
        assert!(Status::Healthy < Status::Degraded && Status::Unknown < Status::Unhealthy);
    }
}
