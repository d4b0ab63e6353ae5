//! Two sidecars in one process have nothing in common.

use crate::support::{becomes, everything, offer, started};
use sidecar_harness::PATIENCE;
use sidecar_runtime::health::{Component, Status};
use sidecar_runtime::observer::{Observed, Reason};
use sidecar_runtime::{Sidecar, observe};
use sidecar_testkit::assert_conserved;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn events_rates_and_handlers_are_each_one_s_own() {
    let first = started();
    let config = everything().event_type_rate("x", 0.0);
    let second = Sidecar::builder().config(config).start().expect("valid settings");
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    second.register_handler("x", move |_| {
        count.fetch_add(1, SeqCst);
    });
    assert_eq!(offer(|| observe!(first, "x")), Observed::Accepted);
    assert_eq!(observe!(second, "x"), Observed::SampledOut);
    let _ = first.observer().flush(PATIENCE);
    assert_eq!((first.stats().events_processed, second.stats().sampled_out), (1, 1));
    assert_eq!((second.stats().events_processed, calls.load(SeqCst)), (0, 0));
    second.observer().set_enabled(false);
    assert_eq!(offer(|| observe!(first, "x")), Observed::Accepted);
}

#[test]
fn health_breakers_and_metrics_are_each_one_s_own() {
    let (first, second) = (started(), started());
    let check = Component::new("database", || false).critical(true).failure_threshold(1);
    first.health().register(check).expect("a new name");
    becomes(&first, "database", Status::Unhealthy);
    assert!(!first.health().is_ready() && second.health().is_ready());
    assert!(second.health_report().component("database").is_none());

    let breaker = first.breakers().register(first.breaker("payments")).expect("a new name");
    breaker.trip();
    assert!(second.breakers().is_empty());

    first.metrics().increment("tests_executed", &[]);
    assert!(!second.get_metrics().contains_key("tests_executed"));
}

#[test]
fn a_handler_of_one_may_observe_on_the_other() {
    let (first, second) = (started(), started());
    let other = second.handle();
    first.register_handler("x", move |_| assert_eq!(offer(|| observe!(other, "x")), Observed::Accepted));
    offer(|| observe!(first, "x"));
    assert_eq!(first.stop(PATIENCE).processed, 1);
    assert_eq!(second.stop(PATIENCE).processed, 1);
}

#[test]
fn one_goes_on_when_the_other_has_stopped() {
    let (first, second) = (started(), started());
    let gone = first.handle();
    let _ = first.stop(PATIENCE);
    assert_eq!(observe!(gone, "x"), Observed::Dropped(Reason::Stopped));
    assert_eq!(offer(|| observe!(second, "x")), Observed::Accepted);
    assert!(second.health().is_ready());
    assert_eq!(second.health_report().status(), Status::Healthy);
    let _ = second.observer().flush(PATIENCE);
    assert_conserved!(second.stats());
}

#[cfg(feature = "http")]
#[test]
fn each_serves_its_own_state() {
    use crate::client::get;
    let serving = || crate::support::builder().http("127.0.0.1:0").start().expect("valid settings");
    let (first, second) = (serving(), serving());
    assert_ne!(first.local_addr(), second.local_addr());
    assert_eq!(
        first.observer().observe_waiting(sidecar_runtime::observer::Event::new("x")),
        Observed::Accepted
    );
    let received = |sidecar: &Sidecar| get(sidecar, "/events/stats").json()["events_received"].clone();
    assert_eq!((received(&first), received(&second)), (1.into(), 0.into()));
}
