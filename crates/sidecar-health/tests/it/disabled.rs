//! With the application's checks switched off.

use std::sync::Arc;

use sidecar_health::{BuiltIn, Cause, CheckOutcome, Component, RegisterError, Status};

use crate::support::{Rig, Script, component, secs};

#[test]
fn no_check_runs_and_its_component_is_unknown() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.enabled(false).component(component("database", script.check())));
    rig.tick();
    rig.health.register(component("cache", script.check())).expect("there is room");
    for _ in 0..10 {
        rig.after(secs(10));
    }
    for name in ["database", "cache"] {
        assert_eq!((rig.status(name), rig.cause(name)), (Status::Unknown, Some(Cause::Disabled)));
        assert_eq!(rig.message(name).as_deref(), Some("the checks are disabled"));
        assert_eq!(rig.runs(name), 0);
    }
    assert_eq!((script.calls(), rig.health.worker_threads()), (0, 0));
    let history = rig.health.history();
    assert!(history.iter().all(|each| &*each.component == "scheduler"), "the others never left unknown");
}

#[test]
fn unchecked_components_are_outside_every_aggregate() {
    let rig = Rig::new(|builder| {
        builder
            .enabled(false)
            .critical_components(["cache"])
            .component(component("database", || CheckOutcome::unhealthy("gone")).critical(true))
            .component(component("cache", CheckOutcome::healthy))
    });
    assert!(!rig.health.is_ready() && !rig.health.is_started(), "the lifecycle has its say");
    rig.tick();
    let report = rig.health.report();
    assert_eq!((report.status(), report.healthy_share()), (Status::Healthy, None));
    assert!(report.component("cache").is_some_and(|cache| cache.is_critical()));
    assert!(rig.health.is_ready() && rig.health.is_started());
    rig.health.drain();
    assert!(!rig.health.is_ready());
}

#[test]
fn built_in_components_are_judged_all_the_same() {
    let rig = Rig::new(|builder| {
        builder
            .enabled(false)
            .component(component("database", CheckOutcome::healthy))
            .built_in(BuiltIn::new("observer", || CheckOutcome::degraded("nearly full")))
    });
    rig.tick();
    assert_eq!((rig.status("observer"), rig.status("scheduler")), (Status::Degraded, Status::Healthy));
    assert_eq!(rig.health.report().status(), Status::Degraded);
    rig.pass(secs(5));
    assert_eq!(rig.health.report().status(), Status::Unhealthy, "a dead scheduler shows");
}

#[test]
fn components_come_and_go_by_the_same_rules() {
    let rig = Rig::new(|builder| builder.enabled(false));
    let witness = Arc::new(());
    let held = Arc::clone(&witness);
    let check = move || Arc::strong_count(&held) > 0;
    rig.health.register(Component::new("database", check)).expect("there is room");
    assert_eq!(Arc::strong_count(&witness), 2, "it may be switched on");
    let taken = rig.health.register(component("database", CheckOutcome::healthy));
    assert!(matches!(taken, Err(RegisterError::Duplicate { .. })), "{taken:?}");
    let refused = rig.health.register(component("cache", CheckOutcome::healthy).failure_threshold(0));
    assert!(matches!(refused, Err(RegisterError::Settings(_))), "{refused:?}");
    assert!(rig.health.remove("database"));
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(rig.health.report().component("database").is_none());
}
