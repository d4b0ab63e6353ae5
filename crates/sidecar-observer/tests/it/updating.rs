//! Settings that change while it runs.

use crate::{assert_conserved, hold};
use sidecar_harness::Gate;
use sidecar_observer::{DropPolicy, Event, Observed, Observer, ObserverBuilder, Reason};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Its worker is held inside a handler, by an event that counts among those that wait.
fn held(set: impl FnOnce(ObserverBuilder) -> ObserverBuilder) -> (Observer, Gate) {
    let observer = set(Observer::builder()).start().expect("a thread");
    let gate = hold(&observer, "held");
    assert_eq!(observer.observe(Event::new("held")), Observed::Accepted);
    gate.wait_until_held();
    (observer, gate)
}

#[test]
fn a_lower_bound_takes_nothing_more_until_there_is_room_and_loses_nothing_that_waits() {
    let (observer, gate) = held(|builder| builder.queue_size(10).drop_policy(DropPolicy::Newest));
    while observer.stats().queue_size < 10 {
        assert_eq!(observer.observe(Event::new("e")), Observed::Accepted);
    }
    observer.update(|settings| settings.queue_size = 2).expect("valid");
    let stats = observer.stats();
    assert_eq!(stats.queue_size, 10, "what waits is not forgotten");
    assert_eq!(observer.observe(Event::new("e")), Observed::Dropped(Reason::QueueFull));
    gate.open();
    let report = observer.flush(LONG);
    assert_eq!((report.processed, report.waiting), (10, 0));
    assert_eq!(observer.observe(Event::new("e")), Observed::Accepted);
    let _ = observer.flush(LONG);
    assert_conserved(&observer.stats());
}

#[test]
fn a_higher_bound_takes_more_at_once() {
    let (observer, gate) = held(|builder| builder.queue_size(1).drop_policy(DropPolicy::Newest));
    assert_eq!(observer.observe(Event::new("e")), Observed::Dropped(Reason::QueueFull));
    observer.update(|settings| settings.queue_size = 3).expect("valid");
    let answers = [(); 3].map(|()| observer.observe(Event::new("e")));
    let full = Observed::Dropped(Reason::QueueFull);
    assert_eq!(answers, [Observed::Accepted, Observed::Accepted, full]);
    gate.open();
    let _ = observer.flush(LONG);
    assert_conserved(&observer.stats());
}

#[test]
fn the_policy_decides_who_makes_way_from_then_on() {
    let (observer, gate) = held(|builder| builder.queue_size(2).drop_policy(DropPolicy::Newest));
    assert_eq!(observer.observe(Event::new("first")), Observed::Accepted);
    assert_eq!(observer.observe(Event::new("second")), Observed::Dropped(Reason::QueueFull));
    observer.update(|settings| settings.drop_policy = DropPolicy::Oldest).expect("valid");
    assert_eq!(observer.observe(Event::new("third")), Observed::Accepted);
    gate.open();
    let _ = observer.flush(LONG);
    let stats = observer.stats();
    assert_eq!(stats.by_type["first"].dropped[Reason::Evicted.name()], 1);
    assert_eq!(stats.by_type["third"].processed, 1);
    assert_conserved(&stats);
}

#[test]
fn fields_are_hidden_and_texts_cut_from_then_on() {
    let observer = Observer::builder().start().expect("a thread");
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    observer.on_any(move |event| {
        let token = event.get("token").and_then(|value| value.as_str()).unwrap_or_default();
        log.lock().expect("no panic").push(token.to_owned());
    });
    let say = || {
        let text = "x".repeat(100);
        assert_eq!(observer.observe(Event::new("e").with("token", text)), Observed::Accepted);
        let _ = observer.flush(LONG);
        seen.lock().expect("no panic").pop().expect("an event")
    };
    assert_eq!(say().len(), 100);
    observer.update(|settings| settings.max_text_bytes = 64).expect("valid");
    assert_eq!(say().len(), 64);
    observer.update(|settings| settings.redact = vec!["Token".to_owned()]).expect("valid");
    assert_eq!(say(), "[redacted]");
    observer.update(|settings| settings.redact.clear()).expect("valid");
    assert_eq!(say().len(), 64);
}

#[test]
fn handlers_are_judged_by_the_limits_of_the_moment() {
    let observer = Observer::builder().suspend_after(1_000).start().expect("a thread");
    observer.on("e", |_| panic!("always"));
    let offer = || {
        observer.observe(Event::new("e"));
        let _ = observer.flush(LONG);
        observer.handlers()[0].skipped
    };
    assert_eq!([(); 3].map(|()| offer()), [0, 0, 0]);
    observer.update(|settings| settings.suspend_after = 1).expect("valid");
    assert_eq!(offer(), 0, "this panic suspends");
    assert_eq!(offer(), 1);
}

#[test]
fn a_shorter_time_out_holds_for_the_call_that_hangs_already() {
    let (observer, gate) = held(|builder| builder.handler_timeout(Duration::from_secs(3_600)));
    observer.update(|settings| settings.handler_timeout = Duration::from_millis(10)).expect("valid");
    observer.observe(Event::new("next"));
    let report = observer.flush(LONG);
    assert_eq!(
        (report.waiting, report.failed, report.processed),
        (0, 1, 1),
        "left behind, and the next one handled"
    );
    gate.open();
}

#[test]
fn what_is_out_of_range_is_refused_by_name_and_changes_nothing() {
    let observer = Observer::builder().start().expect("a thread");
    let before = observer.settings();
    let wrong = observer.update(|settings| {
        settings.queue_size = 5;
        settings.handler_timeout = Duration::ZERO;
    });
    assert_eq!(wrong.expect_err("refused").field(), "handler_timeout");
    assert_eq!(observer.settings(), before);
}

#[test]
fn an_update_inside_a_handler_does_not_hang() {
    let observer = Observer::builder().start().expect("a thread");
    let inner = observer.detached();
    observer.on("e", move |_| inner.update(|settings| settings.queue_size = 7).expect("valid"));
    observer.observe(Event::new("e"));
    assert_eq!(observer.flush(LONG).processed, 1);
    assert_eq!(observer.settings().queue_size, 7);
}
