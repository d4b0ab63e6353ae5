//! What happens when the queue is full, in events or in bytes.

use crate::{assert_conserved, hold};
use sidecar_harness::{Gate, PATIENCE};
use sidecar_observer::{DropPolicy, Event, Observed, Observer, Reason};
use std::sync::{Arc, Mutex};

/// An observer of four events whose worker is held by a first one.
fn held(policy: DropPolicy) -> (Observer, Gate) {
    let observer = Observer::builder().queue_size(4).drop_policy(policy).start().expect("valid settings");
    let gate = hold(&observer, "gate");
    assert_eq!(observer.observe_waiting(Event::new("gate")), Observed::Accepted);
    gate.wait_until_held();
    (observer, gate)
}

#[test]
fn keeping_the_newest_evicts_the_oldest_of_the_lane() {
    let (observer, gate) = held(DropPolicy::Oldest);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    observer.on("n", move |event| {
        log.lock().expect("no panic").push(event.get("n").and_then(|n| n.as_f64()));
    });
    for n in 0..10 {
        assert_eq!(observer.observe(Event::new("n").with("n", n)), Observed::Accepted);
    }
    assert_eq!(observer.stats().queue_size, 4, "the one being handled holds its place");
    gate.open();
    assert_eq!(observer.flush(PATIENCE).waiting, 0);
    assert_eq!(*seen.lock().expect("no panic"), [Some(7.0), Some(8.0), Some(9.0)]);
    let stats = observer.stats();
    assert_eq!(stats.dropped["evicted"], 7);
    assert_conserved(&stats);
}

#[test]
fn keeping_the_oldest_refuses_the_newest() {
    let (observer, gate) = held(DropPolicy::Newest);
    let answers: Vec<_> = (0..10).map(|_| observer.observe(Event::new("n"))).collect();
    assert_eq!(answers[2], Observed::Accepted);
    assert!(answers[3..].iter().all(|answer| *answer == Observed::Dropped(Reason::QueueFull)));
    gate.open();
    let report = observer.flush(PATIENCE);
    assert_eq!((report.processed, report.dropped, report.waiting), (4, 7, 0));
    assert_conserved(&observer.stats());
}

#[test]
fn a_thread_without_a_waiting_event_refuses_its_newest_when_others_fill_the_queue() {
    let (observer, gate) = held(DropPolicy::Oldest);
    (0..3).for_each(|_| assert_eq!(observer.observe(Event::new("mine")), Observed::Accepted));
    let other = observer.clone();
    let answer = std::thread::spawn(move || other.observe(Event::new("theirs"))).join().expect("no panic");
    assert_eq!(answer, Observed::Dropped(Reason::QueueFull));
    gate.open();
    assert_eq!(observer.flush(PATIENCE).processed, 4);
    assert_conserved(&observer.stats());
}

#[test]
fn bytes_are_bounded_over_all_lanes() {
    let observer = Observer::builder()
        .queue_bytes(64 << 10)
        .max_text_bytes(1 << 20)
        .drop_policy(DropPolicy::Newest)
        .start();
    let observer = observer.expect("valid settings");
    let gate = hold(&observer, "gate");
    observer.observe_waiting(Event::new("gate"));
    gate.wait_until_held();
    let large = || Event::new("large").with("text", "x".repeat(20 << 10));
    let answers: Vec<_> = (0..4).map(|_| observer.observe(large())).collect();
    assert_eq!(answers[2], Observed::Accepted);
    assert_eq!(answers[3], Observed::Dropped(Reason::Bytes));
    assert!(observer.stats().queue_bytes <= 64 << 10);
    let oversize = Event::new("oversize").with("text", "x".repeat(65 << 10));
    assert_eq!(observer.observe(oversize), Observed::Dropped(Reason::Bytes));
    gate.open();
    assert_eq!(observer.flush(PATIENCE).processed, 4);
    assert_eq!(observer.stats().queue_bytes, 0);
    assert_conserved(&observer.stats());
}

/// What has been handled of a batch takes up room until all of it has been, but not much: a queue that holds few bytes is
/// not in one batch with all of them.
#[test]
fn a_batch_is_a_small_part_of_the_queue_in_bytes_too() {
    let observer = Observer::builder().queue_bytes(64 << 10).start().expect("valid settings");
    let before = hold(&observer, "before");
    let gate = hold(&observer, "gate");
    observer.observe_waiting(Event::new("before"));
    before.wait_until_held();
    let large = || Event::new("large").with("text", "x".repeat(2 << 10));
    (0..20).for_each(|_| assert_eq!(observer.observe(large()), Observed::Accepted));
    observer.observe_waiting(Event::new("gate"));
    before.open();
    gate.wait_until_held();
    assert!(observer.queue_bytes() < 2 << 10, "{} bytes", observer.queue_bytes());
    gate.open();
    assert_eq!(observer.flush(PATIENCE).processed, 22);
}

#[test]
fn an_event_larger_than_the_whole_queue_evicts_nobody() {
    let observer =
        Observer::builder().queue_bytes(8 << 10).max_text_bytes(1 << 20).start().expect("valid settings");
    let gate = hold(&observer, "gate");
    observer.observe_waiting(Event::new("gate"));
    gate.wait_until_held();
    assert_eq!(observer.observe(Event::new("small")), Observed::Accepted);
    let oversize = Event::new("oversize").with("text", "x".repeat(9 << 10));
    assert_eq!(observer.observe(oversize), Observed::Dropped(Reason::Bytes));
    gate.open();
    assert_eq!(observer.flush(PATIENCE).processed, 2);
}

#[test]
fn an_event_that_no_eviction_would_make_room_for_evicts_nobody() {
    let observer =
        Observer::builder().queue_bytes(64 << 10).max_text_bytes(1 << 20).start().expect("valid settings");
    let gate = hold(&observer, "gate");
    observer.observe_waiting(Event::new("gate"));
    gate.wait_until_held();
    let other = observer.clone();
    let large = || Event::new("large").with("text", "x".repeat(50 << 10));
    std::thread::spawn(move || other.observe(large())).join().expect("no panic");
    (0..5).for_each(|_| assert_eq!(observer.observe(Event::new("small")), Observed::Accepted));
    assert_eq!(observer.observe(large()), Observed::Dropped(Reason::Bytes));
    assert_eq!(observer.stats().dropped["evicted"], 0);
    gate.open();
    assert_eq!(observer.flush(PATIENCE).processed, 7);
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let error = Observer::builder().queue_size(0).start().expect_err("zero");
    assert_eq!(error.to_string(), "queue_size is 0, but must be a whole number from 1 to 10000000");
    assert!(Observer::builder().queue_size(10_000_001).start().is_err());
    assert!(Observer::builder().queue_bytes(4_095).start().is_err());
}

#[test]
fn a_flood_of_type_names_shares_one_row_and_loses_nothing() {
    let observer = Observer::builder().queue_size(100_000).start().expect("valid settings");
    for n in 0..50_000 {
        observer.observe(Event::new(format!("type-{n}")));
    }
    let report = observer.shutdown(PATIENCE);
    assert_eq!(report.processed + report.dropped, 50_000);
    let stats = observer.stats();
    assert_eq!(stats.by_type.len(), 1_024);
    assert_eq!(stats.by_type["_other"].received, 50_000 - 1_023);
    assert_conserved(&stats);
}
