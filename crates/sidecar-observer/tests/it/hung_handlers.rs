//! Handlers that do not return: left behind with their threads, while the rest goes on.

use crate::{assert_conserved, hold};
use sidecar_harness::{Gate, PATIENCE, eventually};
use sidecar_observer::{Event, HandlerState, Observed, Observer, Reason};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the observers here allow a call. Calls that wait for a gate pass it for certain; others end long before it,
/// on a busy machine too.
const TIMEOUT: Duration = Duration::from_millis(300);

fn observer() -> Observer {
    Observer::builder().handler_timeout(TIMEOUT).start().expect("valid settings")
}

fn offer(observer: &Observer, event_type: &str) {
    assert_eq!(observer.observe_waiting(Event::new(event_type)), Observed::Accepted);
}

fn flushed(observer: &Observer) {
    assert_eq!(observer.flush(PATIENCE).waiting, 0);
}

#[test]
fn a_hung_handler_is_left_behind_and_the_rest_is_handled_in_order() {
    let observer = observer();
    let gate = hold(&observer, "hangs");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    observer.on_any(move |event| log.lock().expect("no panic").push(event.event_type().to_owned()));
    for event_type in ["first", "hangs", "second", "third"] {
        offer(&observer, event_type);
    }
    flushed(&observer);
    assert_eq!(*seen.lock().expect("no panic"), ["first", "hangs", "second", "third"]);
    let stats = observer.stats();
    assert_eq!((stats.events_processed, stats.failed, stats.errors), (3, 1, 1));
    assert_eq!((stats.queue_size, stats.queue_bytes), (0, 0));
    assert_conserved(&stats);
    gate.open();
}

/// All of these events are in one batch: they have waited together, and are fewer than a batch may hold.
const BATCH: [&str; 12] = ["a", "a", "hangs", "a", "a", "panics", "a", "hangs too", "a", "panics", "a", "a"];

/// An observer that has been offered the batch, what the last of its handlers has seen of it, and the gate that holds
/// those which hang. A first handler has failed with its own event before the last one is called.
fn in_the_middle_of_a_batch() -> (Observer, Arc<Mutex<Vec<String>>>, Vec<Gate>) {
    let observer = observer();
    let before = hold(&observer, "before");
    let gates = vec![hold(&observer, "hangs"), hold(&observer, "hangs too")];
    observer.on("panics", |_| std::panic::resume_unwind(Box::new("as it was told to")));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    observer.on_any(move |event| log.lock().expect("no panic").push(event.event_type().to_owned()));
    offer(&observer, "before");
    before.wait_until_held();
    BATCH.iter().for_each(|event_type| offer(&observer, event_type));
    before.open();
    (observer, seen, gates)
}

/// Each event of the batch was seen once, in order, and is counted once; before the gates open and afterwards.
fn all_is_handled_once(observer: &Observer, seen: &Mutex<Vec<String>>) {
    let mut expected = vec!["before"];
    expected.extend(BATCH);
    assert_eq!(*seen.lock().expect("no panic"), expected);
    let stats = observer.stats();
    assert_eq!((stats.events_processed, stats.failed, stats.errors), (9, 4, 4));
    assert_eq!((stats.queue_size, stats.queue_bytes), (0, 0));
    assert_conserved(&stats);
}

#[test]
fn a_batch_with_events_that_hang_and_panic_is_handled_once_and_in_order() {
    let (observer, seen, gates) = in_the_middle_of_a_batch();
    flushed(&observer);
    all_is_handled_once(&observer, &seen);
    gates.iter().for_each(Gate::open);
    offer(&observer, "a");
    flushed(&observer);
    assert_eq!(seen.lock().expect("no panic").pop().as_deref(), Some("a"));
    let stats = observer.shutdown(PATIENCE);
    assert_eq!((stats.processed, stats.failed, stats.waiting), (10, 4, 0), "late returns change nothing");
}

#[test]
fn a_shutdown_in_the_middle_of_a_batch_finishes_it() {
    let (observer, seen, gates) = in_the_middle_of_a_batch();
    gates[0].wait_until_held();
    let report = observer.shutdown(PATIENCE);
    assert_eq!((report.processed, report.failed, report.waiting), (9, 4, 0));
    all_is_handled_once(&observer, &seen);
    gates.iter().for_each(Gate::open);
}

#[test]
fn a_call_that_returns_after_all_changes_nothing() {
    let observer = observer();
    let gate = hold(&observer, "hangs");
    offer(&observer, "hangs");
    flushed(&observer);
    let before = observer.stats();
    gate.open();
    let held = Arc::new(());
    let inside = Arc::clone(&held);
    observer.on("never", move |_| drop(Arc::clone(&inside)));
    offer(&observer, "plain");
    flushed(&observer);
    let after = observer.stats();
    assert_eq!((after.failed, after.events_processed), (before.failed, before.events_processed + 1));
    let report = observer.shutdown(PATIENCE);
    assert_eq!((report.failed, report.processed, report.waiting), (1, 1, 0));
    assert_conserved(&observer.stats());
    eventually("the handlers are let go", || Arc::strong_count(&held) == 1);
}

#[test]
fn after_four_hung_calls_a_handler_is_refused_for_good() {
    let observer = observer();
    let gate = hold(&observer, "hangs");
    for hung in 1..=4 {
        assert_eq!(observer.handlers()[0].state, HandlerState::Active);
        offer(&observer, "hangs");
        flushed(&observer);
        assert_eq!(observer.handlers()[0].hung, hung);
    }
    assert_eq!(observer.handlers()[0].state, HandlerState::Refused);
    gate.open();
    (0..5).for_each(|_| offer(&observer, "hangs"));
    flushed(&observer);
    let stats = observer.stats();
    assert_eq!((stats.failed, stats.events_processed, stats.skipped_calls), (9, 0, 5));
    assert_conserved(&stats);
}

/// Seventeen handlers hang, one thread more than may be left behind.
#[test]
fn threads_in_hung_calls_are_bounded_and_nothing_is_lost_meanwhile() {
    let observer = observer();
    let gates: Vec<Gate> = (0..17).map(|n| hold(&observer, &format!("hangs {n}"))).collect();
    for n in 0..17 {
        offer(&observer, &format!("hangs {n}"));
    }
    offer(&observer, "behind");
    eventually("sixteen are left behind", || observer.stats().failed == 16);
    gates[16].wait_until_held();
    let report = observer.flush(2 * TIMEOUT);
    assert_eq!((report.processed, report.failed, report.waiting), (0, 16, 2), "the last one has to wait");
    assert_conserved(&observer.stats());
    gates[0].open();
    flushed(&observer);
    let stats = observer.stats();
    assert_eq!(
        (stats.failed, stats.events_processed),
        (17, 1),
        "one came back, so the last is left behind too"
    );
    assert_conserved(&stats);
    gates.iter().for_each(Gate::open);
}

#[test]
fn inside_a_hung_call_every_answer_comes_at_once_also_when_it_was_left_behind() {
    let observer = observer();
    let gate = Gate::default();
    let answers = Arc::new(Mutex::new(None));
    let (handle, inside, kept) = (observer.detached(), gate.clone(), Arc::clone(&answers));
    observer.on("hangs", move |_| {
        inside.enter();
        let observed = handle.observe(Event::new("hangs"));
        let flushed = handle.flush(PATIENCE);
        *kept.lock().expect("no panic") = Some((observed, flushed.failed));
    });
    offer(&observer, "hangs");
    flushed(&observer);
    gate.open();
    eventually("it has come back", || answers.lock().expect("no panic").is_some());
    assert_eq!(*answers.lock().expect("no panic"), Some((Observed::Dropped(Reason::Reentrant), 1)));
    assert_conserved(&observer.stats());
}

#[test]
fn shutdown_drains_past_a_hung_handler() {
    let observer = observer();
    let gate = hold(&observer, "hangs");
    offer(&observer, "hangs");
    (0..100).for_each(|_| offer(&observer, "behind"));
    let report = observer.shutdown(PATIENCE);
    assert_eq!((report.processed, report.failed, report.waiting), (100, 1, 0));
    assert_conserved(&observer.stats());
    gate.open();
}

#[test]
fn a_receipt_is_of_one_moment_although_a_handler_hangs() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let gate = hold(&observer, "hangs");
    (0..10).for_each(|_| offer(&observer, "before"));
    offer(&observer, "hangs");
    (0..10).for_each(|_| offer(&observer, "behind"));
    gate.wait_until_held();
    let start = Instant::now();
    let report = observer.flush(Duration::from_millis(10));
    assert!(start.elapsed() < PATIENCE);
    assert_eq!((report.processed, report.failed, report.dropped, report.waiting), (10, 0, 0, 11));
    gate.open();
}

/// A handler that hangs in its drop holds up neither the worker nor the end.
#[test]
fn a_drop_that_hangs_is_left_behind_too() {
    struct HangsOnDrop(Gate);
    impl Drop for HangsOnDrop {
        fn drop(&mut self) {
            self.0.enter();
        }
    }
    let observer = observer();
    let gate = Gate::default();
    let held = HangsOnDrop(gate.clone());
    let handled = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&handled);
    observer.on("e", move |_| {
        let _ = &held;
        count.fetch_add(1, SeqCst);
    });
    offer(&observer, "e");
    let report = observer.shutdown(PATIENCE);
    assert_eq!((report.processed, report.waiting), (1, 0));
    assert_eq!(handled.load(SeqCst), 1);
    gate.open();
}

#[test]
fn producers_are_answered_at_once_while_a_handler_hangs() {
    let observer = Observer::builder().queue_size(100).start().expect("valid settings");
    let gate = hold(&observer, "hangs");
    offer(&observer, "hangs");
    gate.wait_until_held();
    let accepted = (0..1_000).filter(|_| observer.observe(Event::new("flood")) == Observed::Accepted).count();
    assert!(accepted > 0);
    let stats = observer.stats();
    assert_eq!(stats.queue_size, 100);
    assert_eq!(stats.events_received, 1_001);
    assert_conserved(&stats);
    gate.open();
}
