//! The guard: whoever holds it decides how long the sidecar runs; handles go wherever they are needed.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::observer::{Observed, Reason};
use sidecar_runtime::{Sidecar, SidecarConfig, SidecarHandle, StartError, observe};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::{io, thread};

fn main() -> Result<(), StartError> {
    let handled = Arc::new(AtomicU64::new(0));
    let left_behind = Mutex::new(None);

    // However this ends: by a return, a `?` or a panic.
    let outcome = watched(&handled, |sidecar| {
        *left_behind.lock().expect("nobody panics") = Some(sidecar);
        Err(io::Error::other("the disk is full"))
    })?;
    println!("the work: {}", outcome.expect_err("it fails"));
    println!("handled before the guard was gone: {}", handled.load(Relaxed));
    assert_eq!(handled.load(Relaxed), 4, "dropping the guard waits, for a while, for what is in the queue");

    // A handle that outlives the guard does no harm and keeps nothing running.
    let sidecar = left_behind.into_inner().expect("nobody panics").expect("it was left");
    let observed = observe!(sidecar, "test_end", test_id = "too_late");
    println!("after it: {observed:?}");
    assert_eq!(observed, Observed::Dropped(Reason::Stopped));
    let stats = sidecar.stats();
    assert_eq!((stats.events_received, stats.events_processed, stats.events_dropped), (5, 4, 1));
    Ok(())
}

/// Runs some work on several threads, watched from its beginning to its end.
fn watched(
    handled: &Arc<AtomicU64>,
    work: impl FnOnce(SidecarHandle) -> io::Result<()>,
) -> Result<io::Result<()>, StartError> {
    let config = SidecarConfig::default().sampling_rate("test_events", 1.0);
    let sidecar = Sidecar::builder().config(config).start()?;
    let count = Arc::clone(handled);
    sidecar.register_handler("test_end", move |_| {
        count.fetch_add(1, Relaxed);
    });
    thread::scope(|scope| {
        for number in 0..4 {
            let sidecar = sidecar.handle();
            scope.spawn(move || observe!(sidecar, "test_end", test_id = format!("test_{number}")));
        }
    });
    Ok(work(sidecar.handle()))
}
