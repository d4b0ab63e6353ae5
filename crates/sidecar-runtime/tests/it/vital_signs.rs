//! Heartbeats, dependencies and asynchronous checks, through the facade.

use sidecar_harness::eventually;
use sidecar_runtime::Sidecar;
#[cfg(feature = "tokio")]
use sidecar_runtime::health::Status;
use sidecar_runtime::health::{Cause, Component};
use std::time::Duration;

#[test]
fn liveness_follows_heartbeats_and_a_retired_one_is_forgotten() {
    let sidecar = Sidecar::start().expect("defaults");
    let beat = sidecar.health().heartbeat("consumer", Duration::from_secs(3_600)).expect("there is room");
    beat.beat();
    assert!(sidecar.health().is_live());
    drop(beat);
    assert!(!sidecar.health().is_live());
    assert!(sidecar.health().remove("consumer") && sidecar.health().is_live());
}

#[test]
fn components_of_the_builder_may_depend_on_each_other_in_any_order() {
    let sidecar = Sidecar::builder()
        .component(Component::new("cache", || true).depends_on("network"))
        .component(Component::new("network", || false).failure_threshold(1))
        .start()
        .expect("no cycle");
    eventually("the cache is suppressed", || {
        let report = sidecar.health_report();
        report.component("cache").and_then(|each| each.cause()) == Some(Cause::Dependency)
    });
    let refused =
        Sidecar::builder().component(Component::new("cache", || true).depends_on("nowhere")).start();
    assert!(refused.is_err());
}

#[cfg(feature = "tokio")]
#[test]
fn asynchronous_checks_run_on_the_given_runtime_which_can_be_watched() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let sidecar = Sidecar::builder()
        .runtime(runtime.handle().clone())
        .watch_runtime(runtime.handle().clone())
        .component(Component::new_async("api", || async { true }).critical(true))
        .start()
        .expect("valid settings");
    eventually("both are healthy", || sidecar.health().is_ready());
    let report = sidecar.health_report();
    assert_eq!(report.component("runtime").map(|each| each.status()), Some(Status::Healthy));
    assert_eq!(report.component("api").map(|each| each.status()), Some(Status::Healthy));
}
