//! Coming and going while running.

use std::error::Error;

use sidecar_health::{BuiltIn, CheckOutcome, Component, Health, RegisterError, Status};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::eventually;

#[test]
fn a_component_registered_while_running_is_checked_at_once() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    rig.health.register(component("database", CheckOutcome::healthy)).expect("there is room");
    eventually("it has a result", || rig.status("database") == Status::Healthy);
}

#[test]
fn a_critical_component_holds_readiness_back_until_it_is_removed() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    let failing = component("database", || CheckOutcome::unhealthy("gone")).critical(true);
    rig.health.register(failing).expect("there is room");
    assert!(!rig.health.is_ready());
    assert!(rig.health.remove("database"));
    assert!(rig.health.is_ready());
    assert!(rig.health.report().component("database").is_none());
    assert!(!rig.health.remove("database"));
}

#[test]
fn a_result_of_a_removed_component_does_not_reach_its_namesake() {
    let old = Script::of(Step::Hang);
    let rig = Rig::new(|builder| builder.component(component("database", old.check())));
    rig.tick();
    eventually("the old check hangs", || old.calls() == 1);
    assert!(rig.health.remove("database"));
    let new = Script::of(Step::Hang);
    rig.health.register(component("database", new.check())).expect("the name is free");
    eventually("the new check hangs", || new.calls() == 1);
    old.release();
    eventually("the old thread has ended", || rig.health.worker_threads() == 1);
    assert_eq!((rig.runs("database"), rig.status("database")), (0, Status::Unknown));
    new.release();
    eventually("the new check answered", || rig.status("database") == Status::Healthy);
}

#[test]
fn taken_reserved_and_unfit_names_are_refused() {
    let rig = Rig::new(|builder| builder.component(component("database", CheckOutcome::healthy)));
    let register = |name: &str| rig.health.register(component(name, CheckOutcome::healthy));
    let taken = register("database");
    assert!(matches!(&taken, Err(RegisterError::Duplicate { name, .. }) if name == "database"), "{taken:?}");
    for name in
        ["scheduler", "observer", "metrics", "profiler", "configuration", "objectives", "breaker:x", ""]
    {
        let error = register(name).expect_err("the name is not for applications");
        assert!(matches!(&error, RegisterError::Settings(error) if error.field() == "name"), "{error}");
    }
    let reserved = register("scheduler").expect_err("reserved");
    assert!(reserved.source().is_none(), "a chain of causes would say the same twice");
    let text = reserved.to_string();
    assert!(text.starts_with("name is scheduler, but must be a name that is not reserved"), "{text}");
}

#[test]
fn the_door_for_built_in_components_takes_their_names_alone() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    let add = |name: &str| rig.health.add_built_in(BuiltIn::new(name, CheckOutcome::healthy));
    assert_eq!(add("breaker:payments"), Ok(()));
    assert_eq!(rig.status("breaker:payments"), Status::Healthy, "judged before `add_built_in` returns");
    let taken = add("breaker:payments");
    assert!(
        matches!(&taken, Err(RegisterError::Duplicate { name, .. }) if name == "breaker:payments"),
        "{taken:?}"
    );
    for name in ["database", "scheduler", "breaker:"] {
        assert!(matches!(add(name), Err(RegisterError::Settings(_))), "{name}");
    }
    assert!(!rig.health.remove("breaker:payments"), "it is not the application's to remove");
    assert!(rig.health.remove_built_in("breaker:payments"));
    assert!(!rig.health.remove_built_in("scheduler"));
}

#[test]
fn a_builder_refuses_what_is_out_of_range_and_says_what() {
    let field = |builder: sidecar_health::HealthBuilder| builder.build().expect_err("refused").field();
    assert_eq!(field(Health::builder().degraded_threshold(f64::NAN)), "degraded_threshold");
    assert_eq!(field(Health::builder().degraded_threshold(1.1)), "degraded_threshold");
    assert_eq!(field(Health::builder().check_interval(secs(0))), "check_interval");
    assert_eq!(field(Health::builder().built_in_interval(secs(0))), "built_in_interval");
    assert_eq!(field(Health::builder().scheduler_max_age(secs(1))), "scheduler_max_age");
    assert_eq!(field(Health::builder().component(Component::new("observer", || true))), "name");
    assert_eq!(field(Health::builder().built_in(BuiltIn::new("cache", CheckOutcome::healthy))), "built_in");
    let twice = Health::builder()
        .component(Component::new("cache", || true))
        .component(Component::new("cache", || true));
    assert_eq!(field(twice), "component");
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped, as it was told to");
    }
}

fn bomb(name: &str) -> Component {
    let bomb = Bomb;
    let check = move || {
        let _held = &bomb;
        true
    };
    Component::new(name, check)
}

#[test]
fn a_check_that_panics_when_dropped_does_not_reach_whoever_removes_it() {
    let rig = Rig::new(|builder| builder);
    rig.health.register(bomb("bomb")).expect("there is room");
    assert!(rig.health.remove("bomb"));
}

#[test]
fn a_check_that_panics_when_dropped_does_not_reach_whoever_is_refused() {
    let rig = Rig::new(|builder| builder);
    assert!(rig.health.register(bomb("scheduler")).is_err());
}

#[test]
fn a_judge_that_panics_when_dropped_does_not_reach_whoever_removes_it() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    let bomb = Bomb;
    let judge = move || {
        let _held = &bomb;
        CheckOutcome::healthy()
    };
    rig.health.add_built_in(BuiltIn::new("observer", judge)).expect("there is room");
    assert!(rig.health.remove_built_in("observer"));
}
