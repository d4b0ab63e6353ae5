//! Why a server did not start.

use std::fmt;
use std::io;

use sidecar_core::SettingsError;

/// Why a server did not start. The message names the address and the cause.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// A setting is out of range.
    Settings(SettingsError),
    /// The address is neither of the form `HOST:PORT` nor `unix:PATH`, or its name does not resolve.
    Address {
        /// What was given.
        address: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// The address can be reached from other machines, no token is set, and nobody said that this is fine.
    Unauthenticated {
        /// What was given.
        address: String,
    },
    /// The endpoints are to be mounted in another server, which may be reached from other machines; no token is
    /// set, and nobody said that this is fine.
    UnauthenticatedService,
    /// The operating system refused the address: it is in use, say.
    Bind {
        /// What was given.
        address: String,
        /// What the operating system said.
        error: io::Error,
    },
    /// The operating system had no thread or no descriptor for the server.
    Start(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Address { address, error } => write!(f, "{address:?} is no address to listen on: {error}"),
            Self::Unauthenticated { address } => write!(
                f,
                "{address} is not a loopback address: set a token, or allow unauthenticated access explicitly"
            ),
            Self::UnauthenticatedService => f.write_str(
                "a mounted service cannot know who reaches it: \
                set a token, or allow unauthenticated access explicitly",
            ),
            Self::Bind { address, error } => write!(f, "cannot listen on {address}: {error}"),
            Self::Start(error) => write!(f, "cannot start the server: {error}"),
        }
    }
}

/// No `source()`: each message already holds its cause.
impl std::error::Error for ServeError {}

impl From<SettingsError> for ServeError {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}
