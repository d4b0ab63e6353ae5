//! What a function returns whose call was refused.

use crate::Rejected;
use std::fmt;
use std::future::{Future, Ready, ready};

/// What the fallback of an asynchronous function returned.
///
/// A method of the type itself is defined for futures only, and one of [`FallbackValue`] for all types. The compiler
/// takes the former where it applies.
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
