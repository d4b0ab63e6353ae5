//! Values that nobody may see reach no handler, whatever way their event came.

use crate::hold;
use sidecar_harness::PATIENCE;
use sidecar_harness::alloc::assert_allocates_nothing;
use sidecar_observer::{DropPolicy, Event, Observed, Observer, Reason, Value, observe};
use std::sync::mpsc;

const HIDDEN: Value = Value::Str(sidecar_observer::SmolStr::new_static("[redacted]"));

fn redacting(names: &[&str]) -> Observer {
    Observer::builder().redact(names.iter().copied()).start().expect("valid names")
}

#[test]
fn every_way_to_offer_an_event_hides_what_is_named() {
    let observer = redacting(&["password", "PIN"]);
    let (send, receive) = mpsc::channel();
    observer.on_any(move |event| drop(send.send(event.clone())));
    let secret = || "hunter2 and more than is held without allocating".to_owned();
    let named = ["na", "med"].concat();
    let fields =
        |event: Event| event.with("user", "ann").with("Password", secret()).with("pin", 1234).with("n", 1);
    let offered: [&dyn Fn() -> Observed; 5] = [
        &|| observe!(observer, "literal", user = "ann", Password = secret(), pin = 1234, n = 1),
        &|| observe!(observer, &named, user = "ann", Password = secret(), pin = 1234, n = 1),
        &|| observer.observe(fields(Event::new("built"))),
        &|| observer.observe_with("closure", fields),
        &|| observer.observe_waiting(fields(Event::new("waiting"))),
    ];
    for offer in offered {
        while offer() == Observed::Dropped(Reason::Contended) {
            std::thread::yield_now();
        }
        let event = receive.recv_timeout(PATIENCE).expect("it is handled");
        let found: Vec<_> = event.data().iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let expected = [("user", "ann".into()), ("Password", HIDDEN), ("pin", HIDDEN), ("n", 1.into())];
        assert_eq!(found, expected, "{}", event.event_type());
    }
}

#[test]
fn nested_values_and_the_envelope_hide_it_too() {
    let observer = redacting(&["token", "run_id"]);
    let (send, receive) = mpsc::channel();
    observer.on_any(move |event| drop(send.send(event.clone())));
    let map = |name: &str| Value::Map([(name.into(), "x".into()), ("kept".into(), 1.into())].into());
    let event = Event::new("e")
        .with("request", Value::from(vec![map("Token"), "token".into(), map("tokens")]))
        .with("TOKEN", map("inner"))
        .run_id("r1")
        .test_id("t1");
    assert_eq!(observer.observe_waiting(event), Observed::Accepted);
    let event = receive.recv_timeout(PATIENCE).expect("it is handled");
    let hidden = Value::Map([("Token".into(), HIDDEN), ("kept".into(), 1.into())].into());
    assert_eq!(event.get("request"), Some(&Value::from(vec![hidden, "token".into(), map("tokens")])));
    assert_eq!(event.get("TOKEN"), Some(&HIDDEN));
    assert_eq!((event.run(), event.test()), (Some("[redacted]"), Some("t1")));
}

#[test]
fn hidden_values_take_no_room_in_the_queue() {
    let observer = redacting(&["body"]);
    let gate = hold(&observer, "gate");
    assert_eq!(observer.observe_waiting(Event::new("gate")), Observed::Accepted);
    gate.wait_until_held();
    let before = observer.queue_bytes();
    observer.observe_waiting(Event::new("e").with("body", "x".repeat(2_000)));
    assert!(observer.queue_bytes() - before < 2_000, "{}", observer.queue_bytes() - before);
    gate.open();
}

#[test]
fn hiding_allocates_nothing() {
    let builder = Observer::builder().queue_size(1).drop_policy(DropPolicy::Oldest).redact(["status", "n"]);
    let observer = builder.start().expect("valid settings");
    let gate = hold(&observer, "gate");
    assert_eq!(observer.observe_waiting(Event::new("gate")), Observed::Accepted);
    gate.wait_until_held();
    // Built, hidden in, and refused at the lane: whether a lane makes room is another test's matter.
    let full = Observed::Dropped(Reason::QueueFull);
    assert_allocates_nothing(|| assert_eq!(observe!(observer, "e", status = "passed", n = 1234), full));
    gate.open();
}

#[test]
fn names_are_bounded_in_number_and_length() {
    let name = |n: usize| format!("{n:0>128}");
    let started = |names: Vec<String>| Observer::builder().redact(names).start().map(drop);
    assert!(started((0..64).map(name).collect()).is_ok());
    let refused = |names: Vec<String>| started(names).expect_err("out of bounds").to_string();
    let allowed = "but must be at most 64 names of 1 to 128 bytes each";
    assert_eq!(refused((0..65).map(name).collect()), format!("redact is 65 names, {allowed}"));
    assert_eq!(refused(vec!["a".repeat(129)]), format!("redact is a name of 129 bytes, {allowed}"));
    assert_eq!(refused(vec![String::new()]), format!("redact is a name of 0 bytes, {allowed}"));
    let twice = Observer::builder().redact((0..64).map(name)).redact(["one more"]);
    assert!(twice.start().is_err());
}
