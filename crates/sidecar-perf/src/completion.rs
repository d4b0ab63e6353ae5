//! How operations end.

/// How one operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Completion {
    /// It did what it should.
    Success,
    /// It said that it failed: an `Err`.
    Failure,
    /// It was given up before its end: a future or a timer that was dropped. Neither a success nor an error.
    Cancelled,
    /// It unwound. Counts as an error.
    Panicked,
}

impl Completion {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::Cancelled, Self::Panicked];

    /// As metrics name it: `success`, `failure`, `cancelled` or `panicked`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
        }
    }

    pub(crate) fn of_error(is_err: bool) -> Self {
        if is_err { Self::Failure } else { Self::Success }
    }
}
