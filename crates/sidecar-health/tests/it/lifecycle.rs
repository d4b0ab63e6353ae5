//! Starting, running, draining, stopped.

use sidecar_health::{Cause, CheckOutcome, Lifecycle, RegisterError, Status};

use crate::support::{Rig, Script, Step, component, secs};

#[test]
fn readiness_follows_the_lifecycle_and_liveness_does_not() {
    let rig = Rig::new(|builder| builder);
    let health = &rig.health;
    assert_eq!(
        (health.lifecycle(), health.is_ready(), health.is_started()),
        (Lifecycle::Starting, false, false)
    );
    rig.tick();
    assert_eq!(
        (health.lifecycle(), health.is_ready(), health.is_started()),
        (Lifecycle::Running, true, true)
    );
    health.drain();
    assert_eq!(
        (health.lifecycle(), health.is_ready(), health.is_started()),
        (Lifecycle::Draining, false, true)
    );
    health.stop();
    assert_eq!(
        (health.lifecycle(), health.is_ready(), health.is_started()),
        (Lifecycle::Stopped, false, true)
    );
    assert!(health.is_live());
}

#[test]
fn nothing_undoes_draining() {
    let rig = Rig::new(|builder| builder);
    rig.health.drain();
    rig.tick();
    assert_eq!(rig.health.lifecycle(), Lifecycle::Draining);
    rig.health.stop();
    rig.health.drain();
    assert_eq!(rig.health.lifecycle(), Lifecycle::Stopped);
}

#[test]
fn while_draining_everything_else_still_answers() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check()).critical(true)));
    rig.run("database");
    rig.health.drain();
    rig.run_after(secs(10), "database");
    assert_eq!((script.calls(), rig.health.report().status()), (2, Status::Healthy));
    assert!(!rig.health.is_ready());
}

#[test]
fn start_up_is_over_for_good_once_every_critical_component_was_up() {
    let script = Script::default();
    let rig = Rig::new(|builder| {
        builder
            .component(component("database", script.check()).critical(true).failure_threshold(1))
            .component(component("cache", || CheckOutcome::unhealthy("cold")))
    });
    rig.tick();
    sidecar_harness::eventually("the database answered", || rig.runs("database") == 1);
    assert!(rig.health.is_started() && rig.health.is_ready());
    script.set(Step::Fail("gone"));
    rig.run_after(secs(10), "database");
    assert!(rig.health.is_started() && !rig.health.is_ready());
    let late = component("late", || CheckOutcome::unhealthy("never up")).critical(true);
    rig.health.register(late).expect("there is room");
    assert!(rig.health.is_started());
}

#[test]
fn after_stop_nothing_runs_and_the_whole_is_unhealthy() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check())));
    rig.run("database");
    rig.health.stop();
    rig.health.stop();
    assert_eq!(rig.health.report().status(), Status::Unhealthy);
    assert_eq!(rig.cause("scheduler"), Some(Cause::Stopped));
    rig.pass(secs(60));
    assert_eq!(rig.tick(), u64::MAX);
    assert_eq!(script.calls(), 1);
    let refused = rig.health.register(component("cache", CheckOutcome::healthy));
    assert_eq!(refused, Err(RegisterError::Stopped));
}
