//! The atomics of lock-free code: those of the standard library, or, where `--cfg sidecar_loom` is set, those of
//! [loom](https://docs.rs/loom), whose models run every order in which threads may meet.
//!
//! With that flag set, whatever holds one of these works inside a model only.

#[cfg(sidecar_loom)]
pub use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(sidecar_loom))]
pub use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
