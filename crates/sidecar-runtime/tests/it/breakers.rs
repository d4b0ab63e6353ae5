//! Breakers in health and metrics.

use crate::support::{becomes, builder, component, everything, judged_again, started};
use sidecar_harness::eventually;
use sidecar_runtime::Sidecar;
use sidecar_runtime::breaker::{Breaker, BreakerRegistry, State, Verdict};
use sidecar_runtime::health::Status;
use std::time::Duration;

fn registered(sidecar: &Sidecar, name: &str) -> Breaker {
    sidecar.breakers().register(sidecar.breaker(name)).expect("a new name")
}

/// Registers a breaker and lets go of it.
fn register_in_passing(registry: &BreakerRegistry, name: &str) {
    registry.register(Breaker::builder(name)).expect("watching takes no place");
}

fn shown(sidecar: &Sidecar, name: &str) -> bool {
    sidecar.health_report().component(&format!("breaker:{name}")).is_some()
}

/// The one state that metrics give a breaker.
fn state(sidecar: &Sidecar, name: &str) -> Option<String> {
    let metrics = sidecar.get_metrics();
    let samples = metrics.get("sidecar_breaker_state").expect("it is there").samples();
    let of: Vec<_> = samples.iter().filter(|sample| sample.tag("breaker") == Some(name)).collect();
    assert!(of.is_empty() || of.len() == State::ALL.len(), "{of:?}");
    let set: Vec<_> = of.iter().filter(|sample| sample.value().as_f64() == Some(1.0)).collect();
    assert_eq!(set.len(), usize::from(!of.is_empty()), "one-hot: {of:?}");
    set.first().and_then(|sample| sample.tag("state")).map(str::to_owned)
}

#[test]
fn a_breaker_registered_while_running_is_a_component_degraded_while_not_closed() {
    let sidecar = started();
    let breaker = registered(&sidecar, "payments");
    becomes(&sidecar, "breaker:payments", Status::Healthy);
    for open in [Breaker::trip, Breaker::force_open] {
        open(&breaker);
        becomes(&sidecar, "breaker:payments", Status::Degraded);
        assert_eq!(sidecar.health_report().status(), Status::Degraded);
        assert!(sidecar.health().is_ready(), "a breaker never turns readiness off");
        assert!(!component(&sidecar, "breaker:payments").1);
        breaker.reset();
        becomes(&sidecar, "breaker:payments", Status::Healthy);
    }
    assert_eq!(sidecar.health_report().status(), Status::Healthy);
}

#[test]
fn a_half_open_breaker_is_degraded_too() {
    let sidecar = started();
    let breaker = Breaker::builder("payments")
        .timeout(Duration::from_millis(1))
        .probe_timeout(Duration::from_secs(600));
    let breaker = sidecar.breakers().register(breaker).expect("a new name");
    breaker.trip();
    let mut probe = None;
    eventually("a probe", || {
        probe = breaker.try_acquire().ok();
        probe.is_some()
    });
    assert_eq!(breaker.state(), State::HalfOpen);
    eventually("it is degraded because of that", || {
        let report = sidecar.health_report();
        let found = report.component("breaker:payments");
        found.is_some_and(|found| {
            (found.status(), found.message()) == (Status::Degraded, Some("the circuit is half open"))
        })
    });
    drop(probe);
}

#[test]
fn one_that_configuration_marks_is_critical_and_still_not_asked_for_readiness() {
    let mut config = everything();
    config.observability.health.critical_components = vec!["breaker:payments".to_owned()];
    let sidecar = Sidecar::builder().config(config).start().expect("valid settings");
    let breaker = registered(&sidecar, "payments");
    breaker.trip();
    becomes(&sidecar, "breaker:payments", Status::Degraded);
    assert!(component(&sidecar, "breaker:payments").1);
    assert!(sidecar.health().is_ready());
}

/// An open breaker that is marked critical is that, degrades the whole, and leaves readiness alone.
#[track_caller]
fn assert_critical_and_ready(sidecar: &Sidecar, name: &str) {
    let breaker = registered(sidecar, name);
    breaker.trip();
    let component_name = format!("breaker:{name}");
    becomes(sidecar, &component_name, Status::Degraded);
    assert!(component(sidecar, &component_name).1, "{name}");
    assert_eq!(sidecar.health_report().status(), Status::Degraded);
    assert!(sidecar.health().is_ready() && sidecar.health().is_started() && sidecar.health().is_live());
}

#[test]
fn a_configured_breaker_is_critical_and_never_asked_for_readiness() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("sidecar.yml");
    let text = "runtime: {sidecar: {breakers: {payments: {critical: true}, 'shop::cart.add': {critical: true}, \
                mail: {critical: false}, search: {}}}}\n";
    std::fs::write(&file, text).expect("it is written");
    let sidecar = Sidecar::builder().config_file(file).start().expect("valid settings");
    let marked = ["breaker:payments", "breaker:shop::cart.add"];
    assert_eq!(sidecar.health().unregistered_critical_components(), marked);
    assert_critical_and_ready(&sidecar, "payments");
    assert_critical_and_ready(&sidecar, "shop::cart.add");
    for name in ["mail", "search", "other"] {
        registered(&sidecar, name);
        becomes(&sidecar, &format!("breaker:{name}"), Status::Healthy);
        assert!(!component(&sidecar, &format!("breaker:{name}")).1, "{name}");
    }
}

#[test]
fn one_that_code_marks_is_critical_beside_those_that_configuration_marks() {
    let mut config = everything().critical_breaker("payments");
    config.observability.health.critical_components = vec!["breaker:search".to_owned()];
    let sidecar = Sidecar::builder().config(config).critical_breaker("mail").start().expect("valid settings");
    ["payments", "search", "mail"].iter().for_each(|name| assert_critical_and_ready(&sidecar, name));
    assert!(sidecar.config().runtime.sidecar.breakers["mail"].critical, "it shows in the configuration");
}

#[test]
fn metrics_show_its_state_one_hot_and_its_calls_by_result() {
    let sidecar = started();
    assert_eq!(state(&sidecar, "payments"), None);
    let breaker = registered(&sidecar, "payments");
    assert_eq!(state(&sidecar, "payments").as_deref(), Some("CLOSED"));
    for _ in 0..3 {
        assert_eq!(breaker.call(|| Ok::<_, ()>(())), Ok(()));
    }
    assert!(breaker.call(|| Err::<(), _>(())).is_err());
    let ignored = breaker.call_with(|_: &Result<(), ()>| Verdict::Ignored, || Err(()));
    assert!(ignored.is_err());
    let late = breaker.try_acquire_owned().expect("it is closed");
    breaker.trip();
    late.success();
    assert!((0..2).all(|_| breaker.try_acquire().is_err()));
    assert_eq!(state(&sidecar, "payments").as_deref(), Some("OPEN"));
    let metrics = sidecar.get_metrics();
    for (result, count) in
        [("success", 3.0), ("failure", 1.0), ("ignored", 1.0), ("rejected", 2.0), ("late", 1.0)]
    {
        let tags = [("breaker", "payments"), ("result", result)];
        assert_eq!(metrics.value("sidecar_breaker_calls_total", &tags), Some(count), "{result}");
    }
    breaker.disable();
    assert_eq!(state(&sidecar, "payments").as_deref(), Some("DISABLED"));
}

#[test]
fn an_evicted_breaker_disappears() {
    let registry = BreakerRegistry::with_limit(1);
    let sidecar = builder().breakers(registry.clone()).start().expect("valid settings");
    register_in_passing(&registry, "first");
    eventually("it is shown", || shown(&sidecar, "first"));
    register_in_passing(&registry, "second");
    eventually("the other is shown instead", || shown(&sidecar, "second") && !shown(&sidecar, "first"));
    assert_eq!((state(&sidecar, "first"), state(&sidecar, "second")), (None, Some("CLOSED".to_owned())));
}

#[test]
fn being_judged_is_no_use_that_would_save_a_breaker_from_eviction() {
    let registry = BreakerRegistry::with_limit(2);
    let sidecar = builder().breakers(registry.clone()).start().expect("valid settings");
    ["busy", "idle"].iter().for_each(|name| register_in_passing(&registry, name));
    eventually("both are shown", || shown(&sidecar, "busy") && shown(&sidecar, "idle"));
    assert!(registry.get("busy").is_some());
    // Judged in the order of their names: "idle" last.
    judged_again(&sidecar, "breaker:idle");
    register_in_passing(&registry, "new");
    assert!(registry.get("busy").is_some() && registry.get("idle").is_none());
}

#[test]
fn the_configured_settings_are_those_of_the_sidecar_s_builder() {
    let mut config = everything();
    config.observability.circuit_breaker.failure_threshold = 2;
    config.observability.circuit_breaker.timeout = Duration::from_secs(7);
    let sidecar = Sidecar::builder().config(config).start().expect("valid settings");
    let breaker = registered(&sidecar, "payments");
    assert_eq!(
        (breaker.settings().failure_threshold(), breaker.settings().timeout()),
        (2, Duration::from_secs(7))
    );
    for _ in 0..2 {
        assert!(breaker.call(|| Err::<(), _>(())).is_err());
    }
    assert_eq!(breaker.state(), State::Open);
}
