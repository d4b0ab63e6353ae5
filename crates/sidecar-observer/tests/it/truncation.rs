//! What is too long is cut, and said to be.

use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observed, Observer, ObserverBuilder, Reason, SmolStr, Value, observe};
use std::sync::mpsc;

/// What a handler sees of an event that is offered again until its lane is free.
fn arrives(builder: ObserverBuilder, mut offer: impl FnMut(&Observer) -> Observed) -> Event {
    let observer = builder.start().expect("valid settings");
    let (send, receive) = mpsc::channel();
    observer.on_any(move |event| drop(send.send(event.clone())));
    while offer(&observer) == Observed::Dropped(Reason::Contended) {
        std::thread::yield_now();
    }
    receive.recv_timeout(PATIENCE).expect("it is handled")
}

fn observed(event: Event) -> Event {
    arrives(Observer::builder(), |observer| observer.observe_waiting(event.clone()))
}

fn text(event: &Event, name: &str) -> String {
    event.get(name).and_then(Value::as_str).expect("a text").to_owned()
}

#[test]
fn a_text_of_the_longest_length_stays_whole_and_a_longer_one_is_cut_at_a_character() {
    let event = observed(Event::new("e").with("text", "x".repeat(4_096)).test_id("t".repeat(4_096)));
    assert_eq!((text(&event, "text").len(), event.test().map(str::len)), (4_096, Some(4_096)));
    assert!(!event.is_truncated());
    let event = observed(Event::new("e").with("n", 1).with("text", "x".repeat(4_095) + "é").with("m", 2));
    assert_eq!((text(&event, "text"), event.is_truncated()), ("x".repeat(4_095), true));
    assert_eq!((event.get("n"), event.get("m")), (Some(&Value::I64(1)), Some(&Value::I64(2))));
    let event = observed(Event::new("e").test_id("t".repeat(4_097)).run_id("r"));
    assert_eq!((event.test().map(str::len), event.run()), (Some(4_096), Some("r")));
    assert!(event.is_truncated());
}

#[test]
fn every_way_to_offer_an_event_cuts_it() {
    let long = "x".repeat(65);
    let builder = || Observer::builder().max_text_bytes(64);
    let fields = |event: Event| event.with("text", long.as_str());
    let events = [
        arrives(builder(), |observer| observe!(observer, "literal", text = &long)),
        arrives(builder(), |observer| observe!(observer, &long, text = &long)),
        arrives(builder(), |observer| observe!(observer, "shared", text = SmolStr::from(long.as_str()))),
        arrives(builder(), |observer| observer.observe(fields(Event::new("built")))),
        arrives(builder(), |observer| observer.observe_with("closure", fields)),
        arrives(builder(), |observer| observer.observe_waiting(fields(Event::new("waiting")))),
    ];
    for event in events {
        assert_eq!((text(&event, "text").len(), event.is_truncated()), (64, true), "{}", event.event_type());
    }
}

#[test]
fn nested_texts_and_names_are_cut_too() {
    let long = "n".repeat(129);
    let list = |text: String| Value::from(vec![text.into(), 1.into()]);
    let inner = Value::Map([(long.as_str().into(), list("x".repeat(5_000)))].into());
    let event = observed(Event::new("e").with("list", Value::from(vec![inner])));
    let cut = Value::Map([(long[..128].into(), list("x".repeat(4_096)))].into());
    assert_eq!((event.get("list"), event.is_truncated()), (Some(&Value::from(vec![cut])), true));
}

#[test]
fn names_that_are_the_same_once_cut_are_there_once() {
    let name = |end: &str| "n".repeat(128) + end;
    let event = Event::new("e").with(name("a"), 1).with(name("b"), 2).with("other", 3).with(name(""), 4);
    let event = observed(event);
    let found: Vec<_> = event.data().iter().map(|(name, value)| (name.len(), value.clone())).collect();
    assert_eq!(found, [(128, 1.into()), (5, 3.into())]);
    assert!(event.is_truncated());
}

#[test]
fn the_first_64_fields_are_kept() {
    let named = |count: usize| -> Vec<_> {
        (0..count).map(|n| (SmolStr::from(format!("field{n}")), Value::from(n))).collect()
    };
    let event = observed(Event::new("e").with_data(named(64)));
    assert_eq!((event.data().len(), event.is_truncated()), (64, false));
    let event = observed(Event::new("e").with_data(named(1_000)));
    assert_eq!((event.data(), event.is_truncated()), (&named(64)[..], true));
}

#[test]
fn what_is_cut_off_takes_no_room_in_the_queue() {
    let observer = Observer::builder().queue_bytes(64 << 10).start().expect("valid settings");
    let fields =
        (0..10_000).map(|n| (SmolStr::from(format!("field{n}")), Value::from("x".repeat(8)))).collect();
    let event = Event::new("e").with_data(fields);
    assert_eq!(observer.observe_waiting(event), Observed::Accepted);
}

#[test]
fn a_name_is_hidden_as_handlers_see_it() {
    let seen = "n".repeat(128);
    let builder = Observer::builder().redact([seen.as_str()]);
    let event = arrives(builder, |observer| {
        observer.observe_waiting(Event::new("e").with(seen.clone() + "and more", "secret"))
    });
    assert_eq!(text(&event, &seen), "[redacted]");
}

#[test]
fn the_longest_text_is_from_64_bytes_to_a_mebibyte() {
    let started = |bytes: usize| Observer::builder().max_text_bytes(bytes).start().map(drop);
    assert!(started(64).is_ok() && started(1 << 20).is_ok());
    let error = started(63).expect_err("too small");
    assert_eq!(error.to_string(), "max_text_bytes is 63, but must be from 64 to 1048576 bytes");
    assert!(started((1 << 20) + 1).is_err());
}
