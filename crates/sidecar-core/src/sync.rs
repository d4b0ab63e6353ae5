//! The atomics and locks of concurrent code: those of the standard library, or, where `--cfg sidecar_loom` is set,
//! those of [loom](https://docs.rs/loom), whose models run every order in which threads may meet.
//!
//! With that flag set, whatever holds one of these works inside a model only.

#[cfg(sidecar_loom)]
pub use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering, fence},
};
#[cfg(not(sidecar_loom))]
pub use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering, fence},
};

/// Stands between a thread's sequentially consistent writes and its reads of what other threads write so.
///
/// Those accesses are ordered as they are, so this does nothing; loom takes them for weaker, and needs a fence.
#[inline]
pub fn in_one_order() {
    #[cfg(sidecar_loom)]
    fence(Ordering::SeqCst);
}
