//! How components add up.

use sidecar_health::{BuiltIn, CheckOutcome, Component, Status};

use crate::support::Rig;
use sidecar_harness::eventually;

/// Components that are judged by their first result.
fn components(rig: &Rig, failing: usize, all: usize) {
    for at in 0..all {
        let component = Component::new(format!("c{at:02}"), move || at >= failing).failure_threshold(1);
        rig.health.register(component).expect("there is room");
    }
    rig.tick();
    eventually("all have a result", || {
        let report = rig.health.report();
        report.components().filter(|each| !each.is_built_in()).all(|each| each.runs() == 1)
    });
}

#[test]
fn without_components_of_the_application_the_whole_is_healthy_after_one_look() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    let report = rig.health.report();
    assert_eq!((report.status(), report.healthy_share()), (Status::Healthy, None));
    assert_eq!(report.components().map(|each| each.name()).collect::<Vec<_>>(), ["scheduler"]);
}

#[test]
fn one_optional_component_that_fails_degrades_the_whole() {
    let rig = Rig::new(|builder| builder);
    components(&rig, 1, 1);
    assert_eq!(rig.health.report().status(), Status::Degraded);
    assert!(rig.health.is_ready());
}

#[test]
fn too_small_a_share_of_working_components_makes_the_whole_unhealthy() {
    let rig = Rig::new(|builder| builder);
    components(&rig, 4, 10);
    let report = rig.health.report();
    assert_eq!((report.status(), report.healthy_share()), (Status::Unhealthy, Some(0.6)));
    let off = Rig::new(|builder| builder.degraded_threshold(0.0));
    components(&off, 4, 10);
    assert_eq!(off.health.report().status(), Status::Degraded);
    let enough = Rig::new(|builder| builder);
    components(&enough, 3, 10);
    assert_eq!(enough.health.report().status(), Status::Degraded);
}

#[test]
fn a_component_named_critical_in_the_settings_is_critical() {
    let rig = Rig::new(|builder| builder.critical_components(["c00", "nobody", "observer", "breaker:a"]));
    let failing = || CheckOutcome::unhealthy("open");
    for name in ["observer", "breaker:a"] {
        rig.health.add_built_in(BuiltIn::new(name, failing)).expect("there is room");
    }
    components(&rig, 1, 1);
    let report = rig.health.report();
    let critical = |name| report.component(name).expect("it is registered").is_critical();
    assert!(critical("c00") && critical("breaker:a"));
    assert!(!critical("observer"), "a built-in component that is no breaker is never critical");
    assert_eq!(report.status(), Status::Unhealthy);
    assert!(!rig.health.is_ready());
    assert_eq!(rig.health.unregistered_critical_components(), ["nobody"]);
}

#[test]
fn built_in_components_degrade_the_whole_and_leave_readiness_alone() {
    let rig = Rig::new(|builder| {
        builder.built_in(BuiltIn::new("observer", || CheckOutcome::unhealthy("drops half of all events")))
    });
    rig.tick();
    assert_eq!(rig.health.report().status(), Status::Degraded);
    assert!(rig.health.is_ready());
    let marked = BuiltIn::new("breaker:payments", || CheckOutcome::unhealthy("open")).critical(true);
    rig.health.add_built_in(marked).expect("there is room");
    assert_eq!(rig.health.report().status(), Status::Unhealthy);
    assert!(rig.health.is_ready());
}

#[test]
fn a_built_in_component_that_panics_is_unhealthy_and_the_scheduler_goes_on() {
    let rig = Rig::new(|builder| builder.built_in(BuiltIn::new("metrics", || panic!("as it was told to"))));
    rig.tick();
    assert_eq!(rig.status("metrics"), Status::Unhealthy);
    assert_eq!(rig.status("scheduler"), Status::Healthy);
}
