//! A thread of the profiler's own, for those who have no periodic thread to tick it.

use crate::profiler::{Inner, Profiler};
use sidecar_core::threads;
use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Ticks `profiler` on a thread named `sidecar-profile`, until its last handle is dropped.
pub(crate) fn spawn(profiler: &Profiler) -> io::Result<()> {
    let inner = Arc::downgrade(profiler.inner());
    let driver = threads::spawn("profile", move || drive(&inner))?;
    // Nobody waits for the thread: the last handle may be dropped on it.
    let _ = profiler.inner().driver.set(driver.thread().clone());
    Ok(())
}

fn drive(inner: &Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        let profiler = Profiler::from_inner(inner);
        let next = profiler.tick(profiler.clock().now());
        let wait = Duration::from_nanos(next.saturating_sub(profiler.clock().now()));
        // Dropped before waiting, so that this thread keeps nothing alive while it waits.
        drop(profiler);
        thread::park_timeout(wait);
    }
}
