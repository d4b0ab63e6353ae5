//! A child that goes on with a copy of everything, and of all threads with the calling one alone.

use crate::PATIENCE;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body` in a fork of this process, which ends with it: no destructor runs in it, nothing is flushed.
///
/// `body` may take no lock that another thread of this process could hold, but for the allocator's. So the calling
/// test should be [`alone`](super::alone), where its panics are also told.
///
/// # Panics
/// If `body` panics, or takes longer than [`PATIENCE`], or the system has no room for a process.
#[track_caller]
#[expect(unsafe_code, reason = "forking is unsafe")]
pub fn forked(body: impl FnOnce()) {
    // SAFETY: what the child does is the caller's to choose; its locks are, as said above, not waited for by anything
    // here.
    let child = match unsafe { libc::fork() } {
        -1 => panic!("no fork: {}", io::Error::last_os_error()),
        0 => {
            // The signal's default is to end the process. An alarm is not inherited.
            let seconds = u32::try_from(PATIENCE.as_secs()).unwrap_or(u32::MAX);
            // SAFETY: these have no preconditions.
            unsafe {
                libc::alarm(seconds);
                let ended = catch_unwind(AssertUnwindSafe(body));
                libc::_exit(i32::from(ended.is_err()));
            }
        }
        child => child,
    };
    let mut status = 0;
    // SAFETY: `status` is there to be written to.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } == -1 {
        let error = io::Error::last_os_error();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted, "the fork cannot be waited for: {error}");
    }
    assert_ne!(libc::WTERMSIG(status), libc::SIGALRM, "the fork has not ended within {PATIENCE:?}");
    assert_eq!(status, 0, "the fork has failed; the status is {status:#x}");
}
