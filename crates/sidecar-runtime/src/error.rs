//! Why a sidecar did not start.

use sidecar_config::ConfigErrors;
use sidecar_core::SettingsError;
use sidecar_health::RegisterError;
use sidecar_metrics::AlertError;
use std::fmt;

/// Why a sidecar did not start. Everything here can be mended by whoever started it, and nothing is left running.
///
/// The cause is part of the text, so [`source`](std::error::Error::source) gives none.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration holds errors; all of them, each with its place.
    Config(ConfigErrors),
    /// A piece did not start: a setting of it is out of range, or there is no room for a thread.
    Piece(sidecar_core::StartError),
    /// A health component was refused.
    Component(RegisterError),
    /// The breaker of the Alertmanager is there already, with other settings.
    #[cfg(feature = "alertmanager")]
    Breaker(sidecar_breaker::RegisterError),
    /// A configured alert rule was refused: there is one of its name, or no room for a thread.
    Alert(AlertError),
    /// The endpoints cannot be served.
    #[cfg(feature = "http")]
    Http(sidecar_http::ServeError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(errors) => errors.fmt(f),
            Self::Piece(error) => error.fmt(f),
            Self::Component(error) => error.fmt(f),
            #[cfg(feature = "alertmanager")]
            Self::Breaker(error) => error.fmt(f),
            Self::Alert(error) => error.fmt(f),
            #[cfg(feature = "http")]
            Self::Http(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<sidecar_core::StartError> for StartError {
    fn from(error: sidecar_core::StartError) -> Self {
        Self::Piece(error)
    }
}

impl From<SettingsError> for StartError {
    fn from(error: SettingsError) -> Self {
        Self::Piece(error.into())
    }
}
