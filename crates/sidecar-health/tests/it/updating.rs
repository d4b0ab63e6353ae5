//! Settings that change while components are checked.

use sidecar_harness::eventually;
use sidecar_health::{BuiltIn, Cause, CheckOutcome, Component, Status};

use crate::support::{Rig, Script, Step, component, secs};

/// Checked at the interval of the settings, without jitter, with a timeout of 2 s.
fn inheriting(name: &str, script: &Script) -> Component {
    Component::new(name, script.check()).timeout(secs(2)).jitter(0.0)
}

#[test]
fn checks_are_switched_on_and_off_while_running() {
    let script = Script::default();
    let rig = Rig::new(|builder| {
        builder.enabled(false).component(component("database", script.check()).critical(true))
    });
    rig.tick();
    assert_eq!((rig.status("database"), rig.health.is_ready()), (Status::Unknown, true));
    rig.health.update(|settings| settings.enabled = true).expect("in range");
    assert_eq!((rig.cause("database"), rig.health.is_ready()), (Some(Cause::Pending), false));
    rig.run("database");
    assert_eq!((rig.status("database"), rig.health.is_ready()), (Status::Healthy, true));
    script.set(Step::Fail("gone"));
    rig.health.update(|settings| settings.enabled = false).expect("in range");
    assert!(!rig.health.settings().enabled);
    for _ in 0..10 {
        rig.after(secs(10));
    }
    assert_eq!((rig.cause("database"), script.calls()), (Some(Cause::Disabled), 1));
    assert!(rig.health.is_ready());
    rig.health.register(component("cache", script.check())).expect("there is room");
    rig.tick();
    assert_eq!((rig.cause("cache"), script.calls()), (Some(Cause::Disabled), 1));
    rig.health.update(|settings| settings.enabled = true).expect("in range");
    assert_eq!(rig.cause("database"), Some(Cause::Pending), "what was known before is too old");
    rig.run("cache");
    eventually("both have run", || rig.runs("database") == 1);
    assert_eq!(script.calls(), 3);
}

#[test]
fn an_interval_reaches_those_that_have_none_of_their_own() {
    let (follows, own) = (Script::default(), Script::default());
    let rig = Rig::new(|builder| {
        let builder = builder.check_interval(secs(100)).component(inheriting("follows", &follows));
        builder.component(component("own", own.check()))
    });
    rig.run("follows");
    rig.health.update(|settings| settings.check_interval = secs(3)).expect("in range");
    rig.run_after(secs(3), "follows");
    rig.run_after(secs(3), "follows");
    eventually("the other has run", || own.calls() > 0);
    assert_eq!((follows.calls(), own.calls()), (3, 1));
    // The lease follows: (3 failures + 1) x 3 s + 2 s.
    rig.pass(secs(13));
    assert_eq!(rig.status("follows"), Status::Healthy);
    rig.pass(secs(1));
    assert_eq!(rig.cause("follows"), Some(Cause::Stale));
    rig.run("follows");
    rig.health.update(|settings| settings.check_interval = secs(100)).expect("in range");
    let late = inheriting("late", &follows);
    rig.health.register(late).expect("there is room");
    assert_eq!(rig.health.settings().check_interval, secs(100));
}

#[test]
fn a_lease_that_was_given_grows_where_it_would_be_too_short() {
    let script = Script::default();
    let rig = Rig::new(|builder| {
        builder.check_interval(secs(5)).component(inheriting("database", &script).max_age(secs(8)))
    });
    rig.health.update(|settings| settings.check_interval = secs(20)).expect("in range");
    rig.run("database");
    rig.pass(secs(21));
    assert_eq!(rig.status("database"), Status::Healthy, "20 s + 2 s");
    rig.pass(secs(1));
    assert_eq!(rig.cause("database"), Some(Cause::Stale));
}

#[test]
fn the_threshold_and_the_critical_names_hold_at_once() {
    let fail = || CheckOutcome::unhealthy("gone");
    let rig = Rig::new(|builder| {
        let builder = builder.component(component("a", fail).failure_threshold(1));
        let builder = builder.component(component("b", fail).failure_threshold(1).depends_on("c"));
        builder
            .component(component("c", CheckOutcome::healthy))
            .degraded_threshold(0.0)
            .built_in(BuiltIn::new("breaker:payments", CheckOutcome::healthy))
            .built_in(BuiltIn::new("metrics", CheckOutcome::healthy))
    });
    rig.tick();
    eventually("all have run", || ["a", "b", "c"].iter().all(|name| rig.runs(name) == 1));
    let whole = || rig.health.report().status();
    assert_eq!(whole(), Status::Degraded);
    rig.health.update(|settings| settings.degraded_threshold = 0.5).expect("in range");
    assert_eq!(whole(), Status::Unhealthy);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let name = |list: &[&str]| {
        let edit = |settings: &mut sidecar_health::HealthSettings| {
            (settings.degraded_threshold, settings.critical_components) = (0.0, names(list));
        };
        rig.health.update(edit).expect("in range");
        let report = rig.health.report();
        report
            .components()
            .filter(|each| each.is_critical())
            .map(|each| each.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        name(&["b", "breaker:payments", "metrics", "absent"]),
        ["b", "breaker:payments", "c", "scheduler"]
    );
    assert_eq!(rig.health.unregistered_critical_components(), ["absent"]);
    assert_eq!(whole(), Status::Unhealthy, "b is critical and fails");
    assert_eq!(name(&[]), ["scheduler"], "c was it only because b depends on it");
    assert_eq!(whole(), Status::Degraded);
}

#[test]
fn what_is_out_of_range_changes_nothing() {
    let rig = Rig::new(|builder| builder);
    let before = rig.health.settings();
    let refused = rig.health.update(|settings| {
        (settings.enabled, settings.check_interval) = (false, secs(0));
    });
    assert_eq!(refused.expect_err("zero").field(), "check_interval");
    let refused = rig.health.update(|settings| settings.degraded_threshold = f64::NAN);
    assert_eq!(refused.expect_err("no number").field(), "degraded_threshold");
    assert_eq!(rig.health.settings(), before);
}
