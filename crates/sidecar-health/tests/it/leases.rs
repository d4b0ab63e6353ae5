//! Green is proof: nobody has to notice a lease that runs out.

use std::time::Duration;

use sidecar_health::{BuiltIn, Cause, CheckOutcome, Component, Status};

use crate::support::{Rig, Script, Step, component, secs};

#[test]
fn a_lease_runs_out_while_nobody_looks() {
    let rig = Rig::new(|builder| builder.component(component("database", CheckOutcome::healthy)));
    rig.run("database");
    rig.pass(secs(41));
    assert_eq!(rig.status("database"), Status::Healthy);
    rig.pass(secs(1));
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Stale)));
    assert_eq!(rig.message("database").as_deref(), Some("the last success is too old"));
}

#[test]
fn a_lapse_is_in_the_history_once_the_scheduler_has_looked() {
    let script = Script::default();
    let rig = Rig::new(|builder| {
        builder.component(component("database", script.check()).max_age(Duration::from_millis(12_500)))
    });
    rig.run("database");
    script.set(Step::Hang);
    rig.after(secs(10));
    rig.after(secs(2));
    assert_eq!(rig.status("database"), Status::Healthy, "one failure of three");
    rig.after(secs(1));
    let last = rig.health.history().into_iter().rfind(|each| &*each.component == "database");
    assert_eq!(last.map(|each| (each.to, each.cause)), Some((Status::Unhealthy, Some(Cause::Stale))));
    script.release();
}

#[test]
fn the_scheduler_is_critical_and_judged_by_its_last_look() {
    let rig = Rig::new(|builder| builder);
    assert_eq!(rig.health.report().status(), Status::Unknown, "it has not looked yet");
    rig.tick();
    assert_eq!(rig.health.report().status(), Status::Healthy);
    rig.pass(secs(4));
    assert_eq!(rig.health.report().status(), Status::Healthy);
    rig.pass(secs(1));
    assert_eq!(rig.health.report().status(), Status::Unhealthy);
    assert_eq!(rig.cause("scheduler"), Some(Cause::Stale));
    rig.tick();
    assert_eq!(rig.health.report().status(), Status::Healthy);
}

#[test]
fn a_lapse_of_the_scheduler_stands_in_the_history() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    rig.after(secs(60));
    let steps: Vec<_> = rig.health.history().iter().map(|each| (each.from, each.to, each.cause)).collect();
    assert_eq!(
        steps,
        [
            (Status::Unknown, Status::Healthy, None),
            (Status::Healthy, Status::Unhealthy, Some(Cause::Stale)),
            (Status::Unhealthy, Status::Healthy, None),
        ]
    );
}

#[test]
fn built_in_components_are_judged_by_the_first_look_and_then_every_second() {
    let script = Script::default();
    let check = std::sync::Mutex::new(script.check());
    let judge = move || (check.lock().expect("nothing panics here"))();
    let rig = Rig::new(|builder| builder.built_in(BuiltIn::new("observer", judge)));
    rig.tick();
    assert_eq!((rig.status("observer"), script.calls()), (Status::Healthy, 1));
    rig.after(Duration::from_millis(999));
    assert_eq!(script.calls(), 1);
    rig.after(Duration::from_millis(1));
    assert_eq!(script.calls(), 2);
    rig.pass(secs(5));
    assert_eq!(rig.cause("observer"), Some(Cause::Stale));
}

#[test]
fn the_default_lease_is_long_enough_for_a_hang_to_be_called_a_hang() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check())));
    rig.run("database");
    script.set(Step::Hang);
    rig.after(secs(10));
    for _ in 0..100 {
        rig.after(secs(1));
        assert_ne!(rig.cause("database"), Some(Cause::Stale));
    }
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Timeout)));
    script.release();
}

#[test]
fn a_component_takes_its_interval_from_the_whole() {
    let rig = Rig::new(|builder| {
        builder.check_interval(secs(3)).component(Component::new("database", || true).jitter(0.0))
    });
    rig.run("database");
    rig.after(secs(2));
    assert_eq!(rig.runs("database"), 1);
    rig.run_after(secs(1), "database");
}
