//! How an operation ended.

/// How an operation ended. Each one that began ends in exactly one of these ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Completion {
    /// It did what it was to do.
    Success,
    /// It failed: `Err`, or what the caller takes for a failure.
    Failure,
    /// It was given up before its end: its guard or its future was dropped.
    Cancelled,
    /// It ended by a panic.
    Panicked,
}

impl Completion {
    /// All of them, in the order of their documentation.
    pub const ALL: &'static [Self] = &[Self::Success, Self::Failure, Self::Cancelled, Self::Panicked];

    /// The name as it stands in metrics: `success`, `failure`, `cancelled` or `panicked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
        }
    }

    /// `Ok` is a success, `Err` a failure.
    pub fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Success } else { Self::Failure }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}
