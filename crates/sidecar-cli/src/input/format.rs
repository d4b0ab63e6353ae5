//! Which of the two kinds of lines an input holds.

use clap::ValueEnum;
use sidecar_runtime::observer::Value;

/// The kind of lines to expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Decided by the first line that is one or the other.
    Auto,
    /// Event lines: an `event_type` and `data`.
    Events,
    /// The JSON stream of libtest and nextest.
    Libtest,
}

impl Format {
    /// The format of an object: `event_type` marks an event line, a string `type` the stream of a test
    /// runner. `None` if it is neither.
    pub(crate) fn of(object: &[(impl AsRef<str>, Value)]) -> Option<Self> {
        let text =
            |key: &str| object.iter().any(|(name, value)| name.as_ref() == key && value.as_str().is_some());
        if text("event_type") {
            Some(Self::Events)
        } else if text("type") {
            Some(Self::Libtest)
        } else {
            None
        }
    }
}
