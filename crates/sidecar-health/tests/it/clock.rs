//! A clock that steps back, and time that passes while the scheduler looks.

use sidecar_health::{BuiltIn, Cause, CheckOutcome, Status};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::eventually;

const HOUR: u64 = 3_600;

#[test]
fn nothing_is_green_on_the_strength_of_a_success_from_the_future() {
    let rig =
        Rig::new(|builder| builder.component(component("database", CheckOutcome::healthy).critical(true)));
    rig.pass(secs(2 * HOUR));
    rig.run("database");
    assert_eq!(rig.health.report().status(), Status::Healthy);
    rig.step_back(secs(HOUR));
    assert_eq!(rig.cause("database"), Some(Cause::Stale));
    assert_eq!(rig.cause("scheduler"), Some(Cause::Stale));
    assert_eq!(rig.health.report().status(), Status::Unhealthy);
    assert!(!rig.health.is_ready());
}

#[test]
fn checks_and_built_in_components_go_on_after_the_clock_stepped_back() {
    for step in [secs(15), secs(HOUR)] {
        let script = Script::default();
        let rig = Rig::new(|builder| {
            builder
                .component(component("database", script.check()).failure_threshold(1))
                .built_in(BuiltIn::new("observer", CheckOutcome::healthy))
        });
        rig.pass(secs(2 * HOUR));
        rig.run("database");
        rig.step_back(step);
        script.set(Step::Fail("gone"));
        rig.run("database");
        assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Error)));
        assert_eq!(rig.runs("observer"), 2);
        script.set(Step::Pass);
        rig.run_after(secs(10), "database");
        assert_eq!(rig.health.report().status(), Status::Healthy);
    }
}

#[test]
fn a_run_that_hangs_while_the_clock_steps_back_is_found_out() {
    let script = Script::of(Step::Hang);
    let rig =
        Rig::new(|builder| builder.component(component("database", script.check()).failure_threshold(1)));
    rig.pass(secs(2 * HOUR));
    rig.tick();
    eventually("it hangs", || script.calls() == 1);
    rig.step_back(secs(HOUR));
    rig.tick();
    rig.run_after(secs(10), "database");
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Timeout)));
    assert_eq!(rig.message("database").as_deref(), Some("still running after 10s"));
    script.release();
    eventually("it is back", || rig.message("database").is_some_and(|text| text.starts_with("answered")));
    rig.run_after(secs(10), "database");
    assert_eq!(rig.status("database"), Status::Healthy);
}

#[test]
fn a_check_is_not_charged_for_the_time_that_a_slow_built_in_component_took() {
    let rig = Rig::new(|builder| {
        builder.component(component("database", CheckOutcome::healthy).failure_threshold(1))
    });
    let hand = rig.hand();
    let slow = move || {
        hand.increment(secs(3));
        CheckOutcome::healthy()
    };
    rig.health.add_built_in(BuiltIn::new("observer", slow)).expect("there is room");
    let next = rig.tick();
    assert_eq!(next, 4_000_000_000, "a whole interval after a look that overran it");
    eventually("the run has a result", || rig.runs("database") == 1);
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Healthy, None));
}
