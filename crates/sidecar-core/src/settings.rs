//! The error for a setting that is out of range.

use std::fmt;

/// A setting was refused: which one, what it was given, and what is allowed.
///
/// Returned by every piece's `build()`, so that bad values stop at the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    field: &'static str,
    value: String,
    allowed: &'static str,
}

impl SettingsError {
    /// `field` was given `value`, but only `allowed` is.
    pub fn new(field: &'static str, value: impl fmt::Display, allowed: &'static str) -> Self {
        Self { field, value: value.to_string(), allowed }
    }

    /// The setting's name.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The refused value, as text.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What is allowed, for example `a duration above zero`.
    #[must_use]
    pub fn allowed(&self) -> &'static str {
        self.allowed
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, but must be {}", self.field, self.value, self.allowed)
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_field_value_and_range() {
        let error = SettingsError::new("timeout", "0 s", "a duration above zero");
        assert_eq!(error.to_string(), "timeout is 0 s, but must be a duration above zero");
        assert_eq!((error.field(), error.value()), ("timeout", "0 s"));
        assert_eq!(error.allowed(), "a duration above zero");
    }
}
