//! Telling a forked child from the process it was copied from. A child has a copy of all memory, locks that are held
//! included, and of all threads only the one that forked; so what runs on threads must not be waited for in it.
//!
//! # Limits
//! Without the feature `fork`, and where there is no `fork(2)`, no process counts as a child. Nor does one that was
//! made by a bare `clone(2)`, `vfork(2)` or `_Fork(3)`, which run no handlers.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How often a fork has led from the process that called [`watch`] first to this one; more often than that where
/// several threads called it first.
///
/// Relaxed: it changes only where there is no other thread.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Remembers the process in which it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u64);

impl Mark {
    /// The mark of this process. It tells nothing of forks that come before [`watch`] has been called.
    #[must_use]
    pub fn here() -> Self {
        Self(GENERATION.load(Relaxed))
    }

    /// Whether this process is a child of the one in which the mark was made, at any number of removes. One load.
    #[inline]
    #[must_use]
    pub fn is_forked(self) -> bool {
        self.0 != GENERATION.load(Relaxed)
    }
}

/// Has every later fork noticed, for as long as the process lives. Called again it costs one load. Takes no lock of
/// ours, so that it can be called in a child whatever the parent's threads were doing.
///
/// # Errors
/// When the system has no memory for it. The next call tries again.
pub fn watch() -> io::Result<()> {
    #[cfg(all(unix, feature = "fork"))]
    {
        use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

        static IS_WATCHED: AtomicBool = AtomicBool::new(false);
        // Pairs with the Release below: who sees the mark finds the handler registered. Threads that meet here
        // register it several times, which does no harm: a child's generation differs from its parent's, by what is
        // all the same.
        if !IS_WATCHED.load(Acquire) {
            register()?;
            IS_WATCHED.store(true, Release);
        }
    }
    Ok(())
}

#[cfg(all(unix, feature = "fork"))]
#[expect(
    unsafe_code,
    reason = "the standard library does not tell of forks, and asking for the process costs a call"
)]
fn register() -> io::Result<()> {
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Relaxed);
    }
    // SAFETY: the handler lives as long as the program. It may run between any two instructions of the thread that
    // forks, while other threads hold any lock: all it does is an atomic addition to a static.
    match unsafe { libc::pthread_atfork(None, None, Some(in_child)) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

#[cfg(all(test, unix, feature = "fork"))]
mod tests {
    use super::*;
    use sidecar_harness::process::forked;

    #[test]
    fn a_child_knows_that_it_is_one_and_its_own_child_that_it_is_another() {
        watch().expect("memory for a handler");
        let mark = Mark::here();
        assert!(!mark.is_forked());
        forked(|| {
            let own = Mark::here();
            assert!(mark.is_forked() && !own.is_forked());
            watch().expect("it is watched already");
            forked(|| assert!(mark.is_forked() && own.is_forked() && !Mark::here().is_forked()));
            assert!(!own.is_forked());
        });
        assert!(!mark.is_forked());
    }
}
