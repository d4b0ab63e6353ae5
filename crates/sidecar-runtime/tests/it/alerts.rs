//! Rules are evaluated while a sidecar runs, and posts to an Alertmanager pass a breaker.

use crate::support::{becomes, everything, started};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::Sidecar;
use sidecar_runtime::breaker::State;
use sidecar_runtime::config::AlertConfig;
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

fn configured() -> AlertConfig {
    let mut alert = AlertConfig::default();
    (alert.name, alert.metric) = ("NoHeartbeats".to_owned(), "heartbeats_total".to_owned());
    // There is no such metric, so it fires.
    alert.absent_after = Some(Duration::from_millis(1));
    alert.labels.insert("severity".to_owned(), "page".to_owned());
    alert
}

#[test]
fn configured_rules_are_watched_and_posted_where_the_configuration_says() {
    let mut config = everything();
    config.runtime.sidecar.alerts = vec![configured()];
    // Nobody listens on this port, and the breaker tells of it.
    config.runtime.sidecar.alertmanager.url = Some("http://127.0.0.1:1".to_owned());
    config.observability.circuit_breaker.failure_threshold = 1;
    let sidecar = Sidecar::builder().config(config).start().expect("the settings are valid");
    let open = || sidecar.breakers().state_of("alertmanager") == Some(State::Open);
    eventually("a failed post", open);
    let alerts = sidecar.metrics().alerts();
    let firing: Vec<&Alert> = alerts.firing().collect();
    assert_eq!(firing.iter().map(|alert| alert.name()).collect::<Vec<_>>(), ["NoHeartbeats"]);
    assert_eq!(firing[0].label("severity"), Some("page"));
    let report = sidecar.stop(Duration::from_millis(100));
    assert_eq!(report.waiting, 0, "an Alertmanager that is not there holds up nothing");
}

#[test]
fn without_rules_nothing_is_started_for_them() {
    let mut config = everything();
    config.runtime.sidecar.alertmanager.url = Some("http://127.0.0.1:1".to_owned());
    let sidecar = Sidecar::builder().config(config).start().expect("the settings are valid");
    assert_eq!(sidecar.breakers().state_of("alertmanager"), None);
    assert!(!sidecar.get_metrics().contains_key("sidecar_alerts_firing"));
}
