//! What a check answers.

use std::borrow::Cow;
use std::error::Error;

use crate::status::Status;

/// Longest message kept, in bytes; the rest is cut at a character.
pub const MAX_MESSAGE_BYTES: usize = 1_024;

/// Most numbers kept in one outcome; further ones are left out.
pub const MAX_NUMBERS: usize = 16;

/// Longest name of a number, in bytes; the rest is cut at a character.
pub const MAX_NUMBER_NAME_BYTES: usize = 64;

/// The everyday answer of a check: nothing on success, any error on failure.
pub type CheckResult = Result<(), Box<dyn Error + Send + Sync>>;

/// The detailed answer of a check: healthy, degraded or unhealthy, with a message and numbers.
///
/// ```
/// use sidecar_health::{CheckOutcome, Status};
///
/// let outcome = CheckOutcome::degraded("the pool is nearly used up").with_number("free", 2.0);
/// assert_eq!(outcome.status(), Status::Degraded);
/// assert_eq!(outcome.numbers().collect::<Vec<_>>(), [("free", 2.0)]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an outcome says something only when the check returns it"]
pub struct CheckOutcome {
    status: Status,
    message: Option<String>,
    numbers: Vec<(Cow<'static, str>, f64)>,
}

impl CheckOutcome {
    /// It works.
    pub const fn healthy() -> Self {
        Self { status: Status::Healthy, message: None, numbers: Vec::new() }
    }

    /// It works, with limits. Counts as a success everywhere; the status shows `degraded`.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self { status: Status::Degraded, ..Self::healthy() }.with_message(message)
    }

    /// It does not work.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self { status: Status::Unhealthy, ..Self::healthy() }.with_message(message)
    }

    /// Sets the message, cut at [`MAX_MESSAGE_BYTES`].
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        message.shrink_to_fit();
        self.message = Some(message);
        self
    }

    /// Adds a number, such as a queue's length; beyond [`MAX_NUMBERS`] it is left out.
    pub fn with_number(mut self, name: impl Into<Cow<'static, str>>, value: f64) -> Self {
        if self.numbers.len() < MAX_NUMBERS {
            let mut name = name.into();
            if name.len() > MAX_NUMBER_NAME_BYTES {
                name = name[..name.floor_char_boundary(MAX_NUMBER_NAME_BYTES)].to_owned().into();
            }
            self.numbers.push((name, value));
        }
        self
    }

    /// Healthy, degraded or unhealthy.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The message, if there is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The numbers, in the order in which they were added.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, f64)> {
        self.numbers.iter().map(|(name, value)| (&**name, *value))
    }
}

/// What a check may return: `bool`, [`CheckOutcome`], or a `Result<(), E>` such as [`CheckResult`], where
/// `E` is any error, a text, or an `anyhow::Error`.
///
/// `()` is not among them: a check that cannot fail would make a component green by merely returning.
///
/// ```compile_fail
/// sidecar_health::Component::new("database", || ());
/// ```
/// ```
/// sidecar_health::Component::new("database", || true);
/// ```
///
/// The trait is sealed; types of your own convert to one of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether the component works",
    label = "a check returns `bool`, `Result<(), E>` or `CheckOutcome`"
)]
pub trait IntoOutcome: sealed::Sealed {
    /// The detailed form of this answer.
    fn into_outcome(self) -> CheckOutcome;
}

impl IntoOutcome for CheckOutcome {
    fn into_outcome(self) -> CheckOutcome {
        self
    }
}

impl IntoOutcome for bool {
    fn into_outcome(self) -> CheckOutcome {
        if self { CheckOutcome::healthy() } else { CheckOutcome::unhealthy("the check returned false") }
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> IntoOutcome for Result<(), E> {
    fn into_outcome(self) -> CheckOutcome {
        match self {
            Ok(()) => CheckOutcome::healthy(),
            Err(error) => CheckOutcome::unhealthy(error.into().to_string()),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::CheckOutcome {}
    impl Sealed for bool {}
    impl<E> Sealed for Result<(), E> {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_becomes_an_outcome() {
        assert_eq!(true.into_outcome().status(), Status::Healthy);
        assert_eq!(false.into_outcome().status(), Status::Unhealthy);
        assert_eq!(Ok::<(), String>(()).into_outcome(), CheckOutcome::healthy());
        let failed: CheckResult = Err("connection refused".into());
        assert_eq!(failed.into_outcome().message(), Some("connection refused"));
        let io = Err::<(), _>(std::io::Error::other("no route"));
        assert_eq!(io.into_outcome().message(), Some("no route"));
        assert_eq!(CheckOutcome::degraded("slow").into_outcome().status(), Status::Degraded);
    }

    #[test]
    fn texts_and_numbers_are_bounded() {
        let mut outcome = CheckOutcome::unhealthy("é".repeat(MAX_MESSAGE_BYTES));
        assert_eq!(outcome.message().map(str::len), Some(MAX_MESSAGE_BYTES));
        for _ in 0..=MAX_NUMBERS {
            outcome = outcome.with_number("n".repeat(MAX_NUMBER_NAME_BYTES + 1), 1.0);
        }
        assert_eq!(outcome.numbers().count(), MAX_NUMBERS);
        assert!(outcome.numbers().all(|(name, _)| name.len() == MAX_NUMBER_NAME_BYTES));
    }
}
