//! Handlers: they run on the sidecar's thread, and one that panics harms neither the others nor the program.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::error::Error;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    // The panics below are on purpose: nobody needs to read about them.
    panic::set_hook(Box::new(|_| {}));
    let mut config = SidecarConfig::default().sampling_rate("test_events", 1.0);
    config.runtime.sidecar.handlers.suspend_after = 3;
    let sidecar = Sidecar::builder().config(config).start()?;

    // By type, with the event's data.
    let (alert, alerts) = mpsc::channel();
    sidecar.register_handler("test_failure", move |event| {
        let duration = event.get("duration_ms").and_then(|value| value.as_f64());
        let _ = alert.send(format!("{} after {duration:?} ms", event.test().unwrap_or("a test")));
    });
    // Of every type; each is counted before anything else is done with it.
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let counting = sidecar.observer().on_any(move |_| {
        count.fetch_add(1, Relaxed);
    });
    // Three panics in a row, and it is left out for a while.
    sidecar.register_handler("test_end", |event| panic!("cannot store {:?}", event.test()));

    for number in 0..5 {
        observe!(sidecar, "test_end", test_id = format!("test_{number}"), status = "passed");
    }
    observe!(sidecar, "test_failure", test_id = "login_test", duration_ms = 1234);
    let flushed = sidecar.observer().flush(Duration::from_secs(10));
    let _ = panic::take_hook();
    assert_eq!((seen.load(Relaxed), flushed.waiting), (6, 0));

    println!("alert: {}", alerts.try_recv()?);
    for handler in sidecar.observer().handlers() {
        let event_type = handler.event_type.as_deref().unwrap_or("any");
        println!(
            "{event_type}: {:?}, {} panics, left out {} times",
            handler.state, handler.panics, handler.skipped
        );
    }
    let stats = sidecar.stats();
    println!("{} processed, {} failed", stats.events_processed, stats.failed);
    // An event has failed if a handler panicked over it, or was left out.
    assert_eq!((stats.events_processed, stats.failed), (1, 5));

    assert!(sidecar.observer().remove(counting));
    observe!(sidecar, "login", user = "ada");
    let _ = sidecar.stop(Duration::from_secs(1));
    assert_eq!(seen.load(Relaxed), 6);
    Ok(())
}
