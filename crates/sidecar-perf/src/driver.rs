//! A thread of the monitor's own, for those who have no periodic thread to tick it.

use crate::monitor::{Inner, PerfMonitor};
use sidecar_core::threads;
use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Longest sleep, after which the thread notices at the latest that its monitor is gone.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Ticks `monitor` on a thread named `sidecar-perf`, until its last handle is dropped.
pub(crate) fn spawn(monitor: &PerfMonitor) -> io::Result<()> {
    let inner = Arc::downgrade(&monitor.inner);
    // Before the thread is there, so that nothing recorded meanwhile asks the clock.
    monitor.tick(monitor.clock().now());
    let driver = threads::spawn("perf", move || drive(&inner))?;
    // Nobody waits for the thread: the last handle may be dropped on it.
    let _ = monitor.inner.driver.set(driver.thread().clone());
    Ok(())
}

fn drive(inner: &Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        let monitor = PerfMonitor { inner };
        let next = monitor.tick(monitor.clock().now());
        let wait = Duration::from_nanos(next.saturating_sub(monitor.clock().now()));
        // Dropped before waiting, so that this thread keeps nothing alive while it waits.
        drop(monitor);
        thread::park_timeout(wait.min(LONGEST_SLEEP));
    }
}
