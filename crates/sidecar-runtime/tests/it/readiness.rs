//! `ready` and `startup` follow the application's critical components and the lifecycle.

use crate::support::{becomes, builder, component, everything, judged_again};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::Sidecar;
use sidecar_runtime::health::{Cause, Component, Lifecycle, Status};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A component that is up while the switch is on.
fn switched(name: &str, up: &Arc<AtomicBool>) -> Component {
    let up = Arc::clone(up);
    Component::new(name, move || up.load(SeqCst)).interval(Duration::from_millis(20)).failure_threshold(1)
}

#[test]
fn a_critical_component_turns_ready_off_and_on() {
    let up = Arc::new(AtomicBool::new(true));
    let sidecar =
        builder().component(switched("database", &up).critical(true)).start().expect("valid settings");
    eventually("it is ready", || sidecar.health().is_ready());
    up.store(false, SeqCst);
    eventually("it is not ready", || !sidecar.health().is_ready());
    assert_eq!(sidecar.health_report().status(), Status::Unhealthy);
    assert!(sidecar.health().is_live() && sidecar.health().is_started(), "that concerns ready alone");
    up.store(true, SeqCst);
    eventually("it is ready again", || sidecar.health().is_ready());
    assert_eq!(sidecar.health_report().status(), Status::Healthy);
}

#[test]
fn another_component_degrades_the_whole_and_leaves_ready_alone() {
    let sidecar = builder().component(Component::new("cache", || false).failure_threshold(1)).start();
    let sidecar = sidecar.expect("valid settings");
    becomes(&sidecar, "cache", Status::Unhealthy);
    assert_eq!(sidecar.health_report().status(), Status::Degraded);
    assert!(sidecar.health().is_ready());
}

#[test]
fn start_up_lasts_until_every_critical_component_has_been_up() {
    let (release, released) = mpsc::channel::<()>();
    let check = move || released.recv_timeout(PATIENCE).is_err();
    let slow = Component::new("database", check).critical(true).timeout(PATIENCE * 2);
    let sidecar = builder().component(slow).start().expect("valid settings");
    assert!(!sidecar.health().is_ready() && !sidecar.health().is_started());
    assert_eq!(component(&sidecar, "database").0, Status::Unknown);
    assert_eq!(sidecar.health_report().status(), Status::Unknown);
    drop(release);
    eventually("it is started", || sidecar.health().is_started() && sidecar.health().is_ready());
}

#[test]
fn configuration_marks_components_as_critical_by_name() {
    let mut config = everything();
    config.observability.health.critical_components = vec!["database".to_owned(), "nobody".to_owned()];
    let database = Component::new("database", || false).failure_threshold(1);
    let sidecar = Sidecar::builder().config(config).component(database).start().expect("valid settings");
    becomes(&sidecar, "database", Status::Unhealthy);
    assert!(component(&sidecar, "database").1 && !sidecar.health().is_ready());
    assert_eq!(sidecar.health().unregistered_critical_components(), ["nobody"]);
}

#[test]
fn checks_that_configuration_switches_off_never_run_and_count_for_nothing() {
    let mut config = everything();
    config.observability.health.enabled = false;
    let called = Arc::new(AtomicBool::new(false));
    let call = Arc::clone(&called);
    let check = move || {
        call.store(true, SeqCst);
        false
    };
    let database = Component::new("database", check).critical(true).interval(Duration::from_millis(1));
    let sidecar = Sidecar::builder().config(config).component(database).start().expect("valid settings");
    judged_again(&sidecar, "observer");
    let report = sidecar.health_report();
    let database = report.component("database").expect("it is shown");
    assert_eq!((database.status(), database.cause()), (Status::Unknown, Some(Cause::Disabled)));
    assert_eq!(report.status(), Status::Healthy);
    assert!(sidecar.health().is_ready() && sidecar.health().is_started());
    assert!(!called.load(SeqCst));
}

#[test]
fn the_configured_interval_is_that_of_components_without_one() {
    let mut config = everything();
    config.observability.health.check_interval = Duration::from_millis(20);
    let sidecar = Sidecar::builder().config(config).component(Component::new("database", || true)).start();
    let sidecar = sidecar.expect("valid settings");
    let runs = || sidecar.health_report().component("database").map_or(0, |found| found.runs());
    eventually("it runs again and again", || runs() >= 5);
}

#[test]
fn draining_turns_ready_off_for_good_and_nothing_else() {
    let sidecar = builder().start().expect("valid settings");
    assert_eq!(sidecar.health().lifecycle(), Lifecycle::Running);
    sidecar.health().drain();
    assert!(!sidecar.health().is_ready());
    assert!(sidecar.health().is_live() && sidecar.health().is_started());
    assert_eq!(sidecar.health_report().status(), Status::Healthy);
}
