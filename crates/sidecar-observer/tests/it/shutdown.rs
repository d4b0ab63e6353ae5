//! Flushing, stopping, and what comes after.

use crate::{assert_conserved, hold};
use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observed, Observer, Reason};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

#[test]
fn shutdown_returns_by_its_deadline_although_a_handler_hangs() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let gate = hold(&observer, "gate");
    observer.observe_waiting(Event::new("gate"));
    gate.wait_until_held();
    observer.observe(Event::new("behind"));
    let start = Instant::now();
    assert_eq!(observer.flush(Duration::from_millis(20)).waiting, 2);
    let report = observer.shutdown(Duration::from_millis(20));
    assert_eq!((report.processed, report.waiting), (0, 2));
    assert!(start.elapsed() < PATIENCE);
    assert_conserved(&observer.stats());
    gate.open();
    assert_eq!(observer.shutdown(PATIENCE).processed, 2, "asked again, it reports the rest");
}

#[test]
fn dropping_after_a_shutdown_does_not_wait_again() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let gate = hold(&observer, "gate");
    observer.observe_waiting(Event::new("gate"));
    gate.wait_until_held();
    let _ = observer.shutdown(Duration::ZERO);
    let start = Instant::now();
    drop(observer);
    assert!(start.elapsed() < Duration::from_millis(900), "dropping alone would have waited a second");
    gate.open();
}

#[test]
fn after_shutdown_every_call_answers_at_once() {
    let observer = Observer::builder().start().expect("defaults are valid");
    observer.observe(Event::new("a"));
    assert_eq!(observer.shutdown(PATIENCE).processed, 1);
    assert_eq!(observer.observe(Event::new("a")), Observed::Dropped(Reason::Stopped));
    assert_eq!(observer.observe_waiting(Event::new("a")), Observed::Dropped(Reason::Stopped));
    assert_eq!(observer.flush(PATIENCE).dropped, 2);
    assert_conserved(&observer.stats());
}

#[test]
fn a_handler_may_shut_down_its_own_observer() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let handle = observer.detached();
    observer.on("last", move |_| assert_eq!(handle.shutdown(PATIENCE).waiting, 1));
    observer.observe(Event::new("last"));
    let _ = observer.flush(PATIENCE);
    assert_eq!(observer.shutdown(PATIENCE).processed, 1);
}

#[test]
fn dropping_the_last_handle_drains_the_queue() {
    let handled = Arc::new(AtomicUsize::new(0));
    let observer = Observer::builder().start().expect("defaults are valid");
    let count = Arc::clone(&handled);
    observer.on_any(move |_| {
        count.fetch_add(1, SeqCst);
    });
    let (clone, detached) = (observer.clone(), observer.detached());
    drop(observer);
    assert_eq!(clone.observe(Event::new("a")), Observed::Accepted, "a clone keeps it running");
    drop(clone);
    assert_eq!(handled.load(SeqCst), 1);
    assert_eq!(detached.observe(Event::new("a")), Observed::Dropped(Reason::Stopped));
}

#[test]
fn an_endless_deadline_is_a_deadline_too() {
    let observer = Observer::builder().start().expect("defaults are valid");
    observer.observe(Event::new("a"));
    assert_eq!(observer.flush(Duration::MAX).processed, 1);
    assert_eq!(observer.shutdown(Duration::MAX).processed, 1);
}
