//! A child that goes on with a copy of everything, and of all threads with the calling one alone.

use crate::PATIENCE;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A fork of this process, seen from here.
#[derive(Debug)]
#[must_use = "it is waited for by `end`"]
pub struct Fork {
    process: libc::pid_t,
}

/// Forks this process: `None` in the child, which is ended if it takes longer than [`PATIENCE`].
///
/// # Panics
/// If the system has no room for a process.
#[track_caller]
#[expect(unsafe_code, reason = "forking is unsafe")]
pub fn fork() -> Option<Fork> {
    // SAFETY: what the child does is the caller's to choose; nothing here waits for a lock in it.
    match unsafe { libc::fork() } {
        -1 => panic!("no fork: {}", io::Error::last_os_error()),
        0 => {
            let seconds = u32::try_from(PATIENCE.as_secs()).unwrap_or(u32::MAX);
            // SAFETY: it has no preconditions. The signal's default is to end the process; a child does not inherit it.
            unsafe { libc::alarm(seconds) };
            None
        }
        process => Some(Fork { process }),
    }
}

impl Fork {
    /// Waits for its end.
    ///
    /// # Panics
    /// If it fails, or has taken longer than [`PATIENCE`].
    #[track_caller]
    #[expect(unsafe_code, reason = "waiting for a fork is unsafe")]
    pub fn end(self) {
        let mut status = 0;
        // SAFETY: `status` is there to be written to.
        while unsafe { libc::waitpid(self.process, &raw mut status, 0) } == -1 {
            let error = io::Error::last_os_error();
            assert_eq!(error.kind(), io::ErrorKind::Interrupted, "the fork cannot be waited for: {error}");
        }
        assert_ne!(libc::WTERMSIG(status), libc::SIGALRM, "the fork has not ended within {PATIENCE:?}");
        assert_eq!(status, 0, "the fork has failed; the status is {status:#x}");
    }
}

/// Runs `body` in a fork of this process, which ends with it: no destructor runs in it, nothing is flushed.
///
/// `body` may wait for no lock that another thread of this process could hold, but for the allocator's. So the calling
/// test should be [`alone`](super::alone), where the child's panics are told too.
///
/// # Panics
/// If `body` panics, or takes longer than [`PATIENCE`], or the system has no room for a process.
#[track_caller]
#[expect(unsafe_code, reason = "ending a process without its destructors is unsafe")]
pub fn forked(body: impl FnOnce()) {
    match fork() {
        Some(fork) => fork.end(),
        None => {
            let ended = catch_unwind(AssertUnwindSafe(body));
            // SAFETY: it has no preconditions.
            unsafe { libc::_exit(i32::from(ended.is_err())) }
        }
    }
}
