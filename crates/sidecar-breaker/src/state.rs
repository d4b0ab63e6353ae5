//! The states of a breaker.

use std::fmt;

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Calls pass; failures are counted in the sliding window.
    Closed,
    /// Calls are refused until `timeout` has passed; the next one then probes.
    Open,
    /// A few calls probe whether the dependency has recovered; the others are refused.
    HalfOpen,
    /// Set by hand: calls are refused, whatever happens.
    ForcedOpen,
    /// Set by hand: calls pass, and nothing but the totals is kept.
    Disabled,
    /// Set by hand: calls pass, failures are counted in the window, and nothing opens.
    MetricsOnly,
}

impl State {
    /// Every state, for one-hot metrics and tables.
    pub const ALL: &'static [Self] =
        &[Self::Closed, Self::Open, Self::HalfOpen, Self::ForcedOpen, Self::Disabled, Self::MetricsOnly];

    /// The state's word in JSON and on metrics, for example `HALF_OPEN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::HalfOpen => "HALF_OPEN",
            Self::ForcedOpen => "FORCED_OPEN",
            Self::Disabled => "DISABLED",
            Self::MetricsOnly => "METRICS_ONLY",
        }
    }

    /// Whether the state was set by hand and stays until it is left by hand or its time to live ends.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::ForcedOpen | Self::Disabled | Self::MetricsOnly)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for State {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
