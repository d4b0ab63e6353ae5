//! Health checking through its public interface, in virtual time wherever time matters.

#[cfg(feature = "tokio")]
mod asynchronous;
mod bounds;
mod checks;
mod clock;
mod dependencies;
mod disabled;
mod faults;
mod heartbeats;
#[cfg(feature = "serde")]
mod json;
mod leases;
mod lifecycle;
mod listeners;
#[cfg(feature = "tokio")]
mod random;
mod ready_made;
mod registration;
mod regressions;
#[cfg(feature = "tokio")]
mod runtime;
mod support;
mod threads;
mod updating;
mod whole;
mod whole_listeners;
