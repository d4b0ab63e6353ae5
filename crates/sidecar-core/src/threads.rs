//! Background threads, named so that their CPU time can be summed.

use std::io;
use std::thread::{Builder, JoinHandle};

/// What every background thread's name begins with.
pub const NAME_PREFIX: &str = "sidecar-";

/// Longest role, in bytes: Linux cuts thread names at 15.
pub const MAX_ROLE_BYTES: usize = 7;

/// Starts a thread named `sidecar-ROLE`.
///
/// # Errors
/// When the operating system has no room for a thread.
///
/// # Panics
/// When `role` is longer than [`MAX_ROLE_BYTES`]: roles are literals in our own code.
pub fn spawn<T: Send + 'static>(
    role: &'static str,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    assert!(role.len() <= MAX_ROLE_BYTES, "thread role {role:?} is over {MAX_ROLE_BYTES} bytes");
    Builder::new().name(format!("{NAME_PREFIX}{role}")).spawn(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_carries_prefix_and_role() {
        let handle = spawn("test", || std::thread::current().name().map(str::to_owned)).expect("a thread");
        assert_eq!(handle.join().expect("no panic").as_deref(), Some("sidecar-test"));
    }

    #[test]
    #[should_panic(expected = "over 7 bytes")]
    fn a_role_that_linux_would_cut_is_refused() {
        let _ = spawn("far-too-long", || ());
    }
}
