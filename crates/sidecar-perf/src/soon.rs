//! Locks that may never be free: in a forked child those are that a thread of the parent's had.

use std::sync::{TryLockError, TryLockResult};

/// The lock, if it is free within some turns. Nobody holds one of ours for longer than a reading takes.
pub(crate) fn soon<G>(try_lock: impl Fn() -> TryLockResult<G>) -> Option<G> {
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
