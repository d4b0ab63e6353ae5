//! Telling listeners about changes of state: in order, outside every lock, never during a host's call.

mod delivery;
mod outbox;
mod table;

pub(crate) use outbox::{ListenerCounts, Outbox};
pub use table::ListenerId;
