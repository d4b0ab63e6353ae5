//! Building blocks that the sidecar crates share. Not an interface for applications: what users need
//! is re-exported by the piece they use, and anything else here may change in any release.
//!
//! | module | holds |
//! | --- | --- |
//! | [`calls`] | what the attributes need to make a body a call |
//! | [`cells`] | words that each thread writes alone |
//! | [`clock`] | monotonic nanoseconds, real or virtual |
//! | [`event_type`] | bounded interning of event-type names |
//! | [`fork`] | telling a forked child (feature `fork`; without it nobody is one) |
//! | [`histogram`] | fixed-bound and log-linear histograms |
//! | [`panics`] | running user code so that its panics stay inside |
//! | [`probability`] | exact sampling probabilities |
//! | [`settings`] | the error that every `build()` returns |
//! | [`sites`] | names for places in the code |
//! | [`start`] | the error that every `start()` returns |
//! | [`sync`] | atomics and locks, of the standard library or of loom |
//! | [`threads`] | background threads whose CPU can be accounted |
//! | [`timestamp`] | RFC 3339 text (feature `rfc3339`) |
//!
//! # Limits
//! The crate has no piece-specific knowledge and depends on no other sidecar crate.

// The one exception is the handler that `fork` registers.
#![cfg_attr(feature = "fork", deny(unsafe_code))]
#![cfg_attr(not(feature = "fork"), forbid(unsafe_code))]
#![warn(missing_docs)]

pub mod calls;
pub mod cells;
pub mod clock;
pub mod event_type;
pub mod fork;
pub mod histogram;
pub mod panics;
pub mod probability;
pub mod settings;
pub mod sites;
pub mod start;
pub mod sync;
pub mod threads;
#[cfg(feature = "rfc3339")]
pub mod timestamp;

pub use clock::Clock;
pub use event_type::{CallSite, EventTypes, TypeId};
pub use probability::Probability;
pub use settings::SettingsError;
pub use start::StartError;
