//! Producers that wait for room.

use crate::{assert_conserved, hold};
use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observed, Observer, Reason};
use std::sync::mpsc;

#[test]
fn waiting_producers_lose_nothing_through_a_tiny_queue() {
    let observer = Observer::builder().queue_size(3).start().expect("valid settings");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..400 {
                    assert_eq!(observer.observe_waiting(Event::new("e")), Observed::Accepted);
                }
            });
        }
    });
    let report = observer.shutdown(PATIENCE);
    assert_eq!((report.processed, report.dropped), (1_200, 0));
    assert_conserved(&observer.stats());
}

#[test]
fn a_producer_that_waits_is_released_when_the_observer_stops() {
    let observer = Observer::builder().queue_size(1).start().expect("valid settings");
    let gate = hold(&observer, "gate");
    observer.observe_waiting(Event::new("gate"));
    gate.wait_until_held();
    let (send, receive) = mpsc::channel();
    let producer = observer.clone();
    let thread = std::thread::spawn(move || send.send(producer.observe_waiting(Event::new("late"))));
    assert!(receive.recv_timeout(std::time::Duration::from_millis(30)).is_err(), "it waits");
    let _ = observer.shutdown(std::time::Duration::from_millis(1));
    assert_eq!(receive.recv_timeout(PATIENCE), Ok(Observed::Dropped(Reason::Stopped)));
    thread.join().expect("no panic").expect("received");
    gate.open();
    assert_eq!(observer.shutdown(PATIENCE).processed, 1);
    assert_conserved(&observer.stats());
}

#[test]
fn an_event_that_could_never_fit_is_refused_instead_of_waiting_for_ever() {
    let observer = Observer::builder().queue_bytes(4_096).start().expect("valid settings");
    let event = Event::new("e").with("text", "x".repeat(5_000));
    assert_eq!(observer.observe_waiting(event), Observed::Dropped(Reason::Bytes));
    assert_conserved(&observer.stats());
}
