//! Which of the two kinds of lines an input holds.

use super::object::Object;
use clap::ValueEnum;

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
    pub(crate) fn of(object: &Object) -> Option<Self> {
        if object.text("event_type").is_some() {
            Some(Self::Events)
        } else if object.text("type").is_some() {
            Some(Self::Libtest)
        } else {
            None
        }
    }
}
