//! What an event holds when a handler sees it.

use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observer, Probability, TypeId, Value};
use std::sync::mpsc;
use std::time::{Duration, UNIX_EPOCH};

fn seen(observer: &Observer, event: Event) -> Event {
    let (send, receive) = mpsc::channel();
    let id = observer.on_any(move |event| drop(send.send(event.clone())));
    observer.observe(event);
    let event = receive.recv_timeout(PATIENCE).expect("it is handled");
    observer.remove(id);
    event
}

#[test]
fn ids_given_as_fields_fill_the_envelope_and_stay_in_the_data() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let event = Event::new("test_end")
        .with("test_id", "t1")
        .with("run_id", "r1")
        .with("execution_id", "e1")
        .with("status", "passed");
    let event = seen(&observer, event);
    assert_eq!((event.test(), event.run(), event.execution()), (Some("t1"), Some("r1"), Some("e1")));
    assert_eq!(event.get("test_id").and_then(Value::as_str), Some("t1"));
    assert_eq!(event.data().len(), 4);
}

#[test]
fn ids_given_by_setters_stay_out_of_the_data() {
    let event = Event::new("x").test_id("t").run_id("r").execution_id("e").at(UNIX_EPOCH);
    let observer = Observer::builder().start().expect("defaults are valid");
    let event = seen(&observer, event);
    assert_eq!((event.test(), event.run(), event.execution()), (Some("t"), Some("r"), Some("e")));
    assert!(event.data().is_empty());
    assert_eq!(event.timestamp(), UNIX_EPOCH);
}

#[test]
fn an_id_that_is_no_text_stays_a_field() {
    let event = Event::new("x").with("test_id", 7);
    assert_eq!(event.test(), None);
    assert_eq!(event.get("test_id").and_then(Value::as_f64), Some(7.0));
}

#[test]
fn a_field_given_twice_holds_its_last_value() {
    let event = Event::new("x").with("a", 1).with("b", 2).with("a", "three");
    assert_eq!(event.data().len(), 2);
    assert_eq!(event.get("a"), Some(&Value::from("three")));
}

#[test]
fn every_kept_event_carries_its_probability() {
    let quarter = Probability::from_threshold(1 << 61);
    let observer = Observer::builder().admit(move |_: TypeId| quarter).start().expect("valid settings");
    let event = seen(&observer, Event::new("x"));
    assert_eq!(event.probability().weight(), 4.0);
}

#[test]
fn a_closure_cannot_change_what_was_decided() {
    let quarter = Probability::from_threshold(1 << 61);
    let observer = Observer::builder().admit(move |_: TypeId| quarter).start().expect("valid settings");
    let (send, receive) = mpsc::channel();
    observer.on_any(move |event| drop(send.send((event.event_type().to_owned(), event.probability()))));
    observer.observe_with("a", |_| Event::new("b"));
    let (event_type, probability) = receive.recv_timeout(PATIENCE).expect("it is handled");
    assert_eq!((event_type.as_str(), probability.weight()), ("a", 4.0));
}

#[test]
fn a_long_type_is_cut_at_a_character_and_flagged_also_an_empty_one_is_a_type() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let event = seen(&observer, Event::new("é".repeat(65)));
    assert_eq!((event.event_type().len(), event.is_truncated()), (128, true));
    let event = seen(&observer, Event::new(""));
    assert_eq!((event.event_type(), event.is_truncated()), ("", false));
    let _ = observer.shutdown(Duration::from_secs(30));
    assert_eq!(observer.stats().by_type[""].processed, 1);
}
