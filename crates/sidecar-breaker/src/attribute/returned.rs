//! What a function returned, looked at without knowing its type; and what it returns in place of that.
//!
//! Twice a method of the type itself is defined for some types only, and one of a trait for all: the compiler takes
//! the former where it applies. That tells a `Result` by whatever name, and a future from another value.

use crate::{Rejected, Verdict};
use std::fmt;
use std::future::{Future, Ready, ready};

/// What a function returned.
pub struct Returned<'a, R>(pub &'a R);

impl<T, E> Returned<'_, Result<T, E>> {
    /// An `Err` is a failure.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.0)
    }
}

/// For types that are no `Result`.
pub trait AnyReturned {
    /// Whoever returned has not failed.
    fn verdict(&self) -> Verdict;
}

impl<R> AnyReturned for Returned<'_, R> {
    fn verdict(&self) -> Verdict {
        Verdict::Success
    }
}

impl<R> fmt::Debug for Returned<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returned")
    }
}

/// What the fallback of an asynchronous function returned.
pub struct Fallback<T>(pub T);

impl<F: Future> Fallback<F> {
    /// What the future becomes.
    pub fn get(self) -> F {
        self.0
    }
}

/// For fallbacks that are no futures.
pub trait FallbackValue {
    /// What the fallback returned.
    type Value;

    /// The value, as a future.
    fn get(self) -> Ready<Self::Value>;
}

impl<T> FallbackValue for Fallback<T> {
    type Value = T;

    fn get(self) -> Ready<T> {
        ready(self.0)
    }
}

impl<T> fmt::Debug for Fallback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fallback")
    }
}

/// A type that can say that the call was refused.
#[diagnostic::on_unimplemented(
    message = "a function with `#[protected]` that returns `{Self}` needs a fallback",
    label = "not a `Result`, so it cannot say that the call was refused",
    note = "give the path of a function with the same arguments: `#[protected(fallback = path)]`",
    note = "or return a `Result<_, E>` with `E: From<Rejected>`"
)]
pub trait Refuse {
    /// What is returned in place of a refused call.
    fn refuse(rejected: Rejected) -> Self;
}

impl<T, E: From<Rejected>> Refuse for Result<T, E> {
    fn refuse(rejected: Rejected) -> Self {
        Err(E::from(rejected))
    }
}

/// A call that was refused.
#[derive(Debug)]
pub struct Refused(pub(super) Rejected);

impl Refused {
    /// What the function returns.
    #[must_use]
    pub fn returned<R: Refuse>(self) -> R {
        R::refuse(self.0)
    }
}

/// Runs `body`; as an argument, a closure is one that runs once and may give away what it holds.
pub fn evaluate<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Stands in code that is never reached, for its type.
#[must_use]
pub fn unreached<R>() -> R {
    unreachable!("the attribute puts this behind a condition that is false")
}

/// The type that a function returns, also where it cannot be written: `!`.
pub trait Function {
    /// What is returned.
    type Output;
}

impl<R> Function for fn() -> R {
    type Output = R;
}
