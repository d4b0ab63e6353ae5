//! What a `POST` of someone with the token asks for.

/// What is to become of circuit breakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerCommand<'a> {
    /// `POST /circuit-breakers/{name}/trip`: this one opens.
    Trip(&'a str),
    /// `POST /circuit-breakers/{name}/reset`: this one closes.
    Reset(&'a str),
    /// `POST /circuit-breakers/reset`: every one closes.
    ResetAll,
}

/// A command that passed every rule about its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Reload,
    Trip(String),
    Reset(String),
    ResetAll,
}
