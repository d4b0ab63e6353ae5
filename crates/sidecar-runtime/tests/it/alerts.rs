//! Rules are evaluated while a sidecar runs, and posts to an Alertmanager pass a breaker.

use crate::support::{becomes, started};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::breaker::State;
use sidecar_runtime::health::Status;
use sidecar_runtime::metrics::{Alert, AlertRule, AlertState, Reading};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

fn firing() -> AlertRule {
    AlertRule::from_fn("High", || vec![Reading::new(&[], 6.0)]).above(5.0)
}

#[test]
fn rules_are_evaluated_without_anybody_asking() {
    let sidecar = started();
    let heard = Arc::new(AtomicUsize::new(0));
    let hearing = Arc::clone(&heard);
    let hook = move |alert: &Alert| {
        assert_eq!(alert.state(), AlertState::Firing);
        hearing.fetch_add(1, Relaxed);
    };
    sidecar.metrics().alert(firing().notify(hook)).expect("the rule is valid");
    eventually("the notification", || heard.load(Relaxed) == 1);
    assert_eq!(sidecar.get_metrics().value("sidecar_alerts_firing", &[]), Some(1.0));
}

#[test]
fn an_alertmanager_that_is_not_there_opens_its_breaker() {
    let sidecar = started();
    // Nobody listens on this port.
    let hook = sidecar.alertmanager("http://127.0.0.1:1").expect("the breaker is new");
    let hook = hook.first_retry(Duration::from_millis(1)).start().expect("the hook starts");
    sidecar.metrics().alert(firing().notify(hook.clone())).expect("the rule is valid");
    eventually("a post that is refused", || hook.stats().refused > 0);
    assert_eq!(hook.stats().failed, 5, "the configured threshold");
    assert_eq!(sidecar.breakers().get("alertmanager").map(|breaker| breaker.state()), Some(State::Open));
    becomes(&sidecar, "breaker:alertmanager", Status::Degraded);
    assert!(sidecar.metrics().flush_alerts(PATIENCE), "nobody waits for it");
}
