//! What the outcome of a call says about the dependency.

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
}

impl Verdict {
    /// The default classification: `Ok` is a success and `Err` a failure.
    #[must_use]
    pub fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Success } else { Self::Failure }
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
