//! The end, and what comes after it.

use crate::support::{Hold, builder, offer, offer_times, started};
use sidecar_harness::PATIENCE;
use sidecar_runtime::health::{Component, Lifecycle, RegisterError, Status};
use sidecar_runtime::observer::{Event, Observed, Reason};
use sidecar_runtime::{SidecarHandle, observe};
use sidecar_testkit::assert_conserved;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn a_handle_outlives_the_sidecar_and_everything_answers() {
    let sidecar = builder().component(Component::new("database", || true)).start().expect("valid settings");
    let handle: SidecarHandle = sidecar.handle();
    let breaker = handle.breakers().register(handle.breaker("payments")).expect("a new name");
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
    assert_eq!(sidecar.stop(PATIENCE).processed, 1);

    let stopped = Observed::Dropped(Reason::Stopped);
    assert_eq!(observe!(handle, "x", field = unreachable()), stopped);
    assert_eq!(handle.observe(Event::new("x")), stopped);
    assert_eq!(handle.observer().observe_waiting(Event::new("x")), stopped);
    let stats = handle.stats();
    assert_eq!((stats.dropped["stopped"], stats.events_processed), (3, 1));
    assert_conserved!(stats);
    assert_eq!(handle.observer().flush(PATIENCE).waiting, 0);

    assert!(!handle.health().is_ready());
    assert_eq!(handle.health().lifecycle(), Lifecycle::Stopped);
    assert_eq!(handle.health_report().status(), Status::Unhealthy);
    let late = handle.health().register(Component::new("late", || true));
    assert_eq!(late, Err(RegisterError::Stopped));

    let dropped = handle.get_metrics().value("sidecar_events_dropped_total", &[("reason", "stopped")]);
    assert_eq!(dropped, Some(3.0));
    handle.metrics().increment("tests_executed", &[]);
    assert!(handle.export_metrics().contains("tests_executed 1\n"));
    assert!(handle.profiler().snapshot().memory_mb > 0.0);
    assert!(handle.sampler().should_sample("x"));
    assert_eq!(breaker.call(|| Ok::<_, ()>(7)), Ok(7));
    handle.register_handler("x", |_| ());
}

fn unreachable() -> u64 {
    unreachable!("fields of an event that is refused are not evaluated")
}

#[test]
fn stopping_handles_what_waits_and_says_so() {
    let sidecar = started();
    sidecar.register_handler("bad", |_| panic!("a handler fails, as it was told to"));
    let hold = Hold::worker_of(&sidecar);
    offer_times(5, || observe!(sidecar, "good"));
    offer(|| observe!(sidecar, "bad"));
    drop(hold);
    let report = sidecar.stop(PATIENCE);
    assert_eq!((report.processed, report.failed, report.dropped, report.waiting), (6, 1, 0, 0));
}

#[test]
fn a_handler_that_hangs_does_not_hold_up_the_end_twice() {
    // Each wait beyond the deadline would cost a second or more for each of these.
    let begun = Instant::now();
    for _ in 0..4 {
        let sidecar = started();
        let hold = Hold::worker_of(&sidecar);
        offer(|| observe!(sidecar, "behind"));
        let report = sidecar.stop(Duration::from_millis(1));
        assert_eq!((report.processed, report.waiting), (0, 2));
        drop(hold);
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn the_sidecar_may_be_dropped_by_its_own_handler() {
    let sidecar = started();
    let handle = sidecar.handle();
    let own = Arc::new(Mutex::new(Some(sidecar)));
    let slot = Arc::clone(&own);
    handle.register_handler("last", move |_| drop(slot.lock().expect("one worker").take()));
    assert_eq!(offer(|| observe!(handle, "last")), Observed::Accepted);
    sidecar_harness::eventually("it has stopped", || handle.health().lifecycle() == Lifecycle::Stopped);
    assert_eq!(handle.observer().shutdown(PATIENCE).processed, 1);
}
