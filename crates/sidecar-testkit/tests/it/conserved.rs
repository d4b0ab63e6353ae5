//! What adds up passes, and what does not is said.

use sidecar_observer::{Observed, Observer, ObserverStats, observe};
use sidecar_testkit::{PATIENCE, Script, Step, assert_conserved};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Five logins and a logout, all settled; one login failed.
fn settled() -> ObserverStats {
    let observer = Observer::builder().start().expect("valid settings");
    let handler = Script::new([Step::Err]);
    observer.on("login", move |_| handler.handle());
    for event_type in ["login", "login", "login", "login", "login", "logout"] {
        observe!(observer, event_type);
    }
    assert_eq!(observer.flush(PATIENCE).waiting, 0);
    observer.stats()
}

/// What the assertion says about stats that were changed by hand.
fn complaint(edit: impl FnOnce(&mut ObserverStats)) -> String {
    let mut stats = settled();
    edit(&mut stats);
    let caught = catch_unwind(AssertUnwindSafe(|| assert_conserved!(stats, "round {}", 7)));
    *caught.expect_err("it does not add up").downcast::<String>().expect("a message")
}

#[test]
fn observers_and_stats_and_references_to_them_are_taken() {
    let observer = Observer::builder().start().expect("valid settings");
    let script = Script::always(Step::Hang);
    let handler = script.clone();
    observer.on("login", move |_| handler.handle());
    while observe!(observer, "login") != Observed::Accepted {}
    script.wait_until_hanging();
    observe!(observer, "logout");
    let stats = observer.stats();
    assert!(stats.queue_size > 0, "what waits counts, too");
    assert_conserved!(stats);
    assert_conserved!(&stats);
    assert_conserved!(observer,);
    assert_conserved!(&observer);
    script.release();
    assert_eq!(observer.flush(PATIENCE).waiting, 0);
    assert_conserved!(observer.stats(), "at the end");
    assert_conserved!(settled());
}

#[test]
fn an_event_that_is_missing_is_said_with_the_sum() {
    let said = complaint(|stats| stats.events_received += 1);
    assert!(said.starts_with("round 7: \nin all: 7 received, but 0 sampled out + "), "{said}");
    assert!(said.contains("received: 7 in all, but 6 over all types"), "{said}");
}

#[test]
fn a_type_s_missing_event_is_said_with_the_type() {
    let said = complaint(|stats| {
        stats.by_type.get_mut("login").expect("it was offered").received -= 1;
        stats.by_type.get_mut("logout").expect("it was offered").received += 1;
    });
    assert!(said.contains("login: 4 received, but 0 sampled out + "), "{said}");
    assert!(said.contains("logout: 2 received, but 0 sampled out + "), "{said}");
    assert!(!said.contains("in all"), "the totals are right: {said}");
}

#[test]
fn a_loss_without_a_reason_is_said() {
    let said = complaint(|stats| {
        stats.events_received += 1;
        stats.events_dropped += 1;
    });
    assert!(said.contains("over all reasons"), "{said}");
    let said = complaint(|stats| *stats.dropped.get_mut("evicted").expect("every reason is there") += 1);
    assert!(said.contains("dropped as evicted: 1 in all, but 0 over all types"), "{said}");
}
