//! The error of everything that starts a background thread.

use crate::settings::SettingsError;
use std::{fmt, io};

/// Why a piece did not start. Nothing of it is left running.
///
/// The cause is part of the text, so [`source`](std::error::Error::source) gives none.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is out of range.
    Settings(SettingsError),
    /// The system has no room for a thread.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "a background thread could not be started: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<SettingsError> for StartError {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_holds_the_cause() {
        let error = StartError::from(SettingsError::new("queue_size", 0, "at least 1"));
        assert_eq!(error.to_string(), "queue_size is 0, but must be at least 1");
        let error = StartError::Thread(io::Error::other("no room"));
        assert_eq!(error.to_string(), "a background thread could not be started: no room");
    }
}
