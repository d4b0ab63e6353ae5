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
use std::sync::{TryLockError, TryLockResult};

/// What `try_lock` gives, if it does so within some turns. In a forked child a lock that a thread of the parent's held is
/// never free; anywhere else nobody holds one of ours for that long.
pub fn soon<G>(try_lock: impl Fn() -> TryLockResult<G>) -> Option<G> {
    const TURNS: u32 = 10_000;
    (0..TURNS).find_map(|_| match try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            std::thread::yield_now();
            None
        }
    })
}

/// The lock, if it is free [soon]. In a model, where no thread is forked, it is waited for.
pub fn lock_soon<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    #[cfg(sidecar_loom)]
    let guard = mutex.lock().ok();
    #[cfg(not(sidecar_loom))]
    let guard = soon(|| mutex.try_lock());
    guard
}

/// Stands between a thread's sequentially consistent writes and its reads of what other threads write so.
///
/// Those accesses are ordered as they are, so this does nothing; loom takes them for weaker, and needs a fence.
#[inline]
pub fn in_one_order() {
    #[cfg(sidecar_loom)]
    fence(Ordering::SeqCst);
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_free_is_given_up_and_a_poisoned_one_is_taken() {
        let mutex = Mutex::new(1);
        let held = mutex.lock().expect("nobody panics");
        assert!(lock_soon(&mutex).is_none());
        drop(held);
        let poisoned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _held = mutex.lock();
            std::panic::resume_unwind(Box::new("with the lock held"));
        }));
        assert!(poisoned.is_err() && mutex.is_poisoned());
        assert_eq!(lock_soon(&mutex).map(|guard| *guard), Some(1));
    }
}
