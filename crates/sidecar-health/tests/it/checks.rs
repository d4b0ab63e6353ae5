//! Running checks: cadence, thresholds, failures of every kind.

use sidecar_health::{Cause, CheckOutcome, CheckResult, Component, Status};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::eventually;

#[test]
fn a_component_is_unknown_until_its_first_success() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check())));
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unknown, Some(Cause::Pending)));
    assert!(rig.health.report().component("database").is_some_and(|each| each.last_check().is_none()));
    rig.run("database");
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Healthy, None));
    assert!(rig.health.report().component("database").is_some_and(|each| each.last_check().is_some()));
}

#[test]
fn a_check_runs_once_per_interval_however_often_the_scheduler_looks() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check())));
    rig.run("database");
    for _ in 0..9 {
        rig.after(secs(1));
    }
    assert_eq!(script.calls(), 1);
    rig.run_after(secs(1), "database");
    assert_eq!(script.calls(), 2);
}

#[test]
fn the_scheduler_asks_to_be_called_when_the_next_thing_is_due() {
    let rig = Rig::new(|builder| {
        builder
            .built_in_interval(secs(4))
            .scheduler_max_age(secs(8))
            .component(Component::new("database", || true).interval(secs(3)).timeout(secs(1)).jitter(0.0))
    });
    let next = rig.tick();
    assert_eq!(next, 1_000_000_000, "the timeout of the run that has begun");
    eventually("the run has a result", || rig.runs("database") == 1);
    assert_eq!(rig.tick(), 3_000_000_000, "the next run");
}

#[test]
fn failures_in_a_row_turn_a_component_over_and_successes_back() {
    let script = Script::default();
    let rig = Rig::new(|builder| {
        builder.component(component("database", script.check()).failure_threshold(2).success_threshold(2))
    });
    rig.run("database");
    assert_eq!(rig.status("database"), Status::Unknown, "one of two successes");
    rig.run_after(secs(10), "database");
    assert_eq!(rig.status("database"), Status::Healthy);
    script.set(Step::Fail("refused"));
    rig.run_after(secs(10), "database");
    assert_eq!(rig.status("database"), Status::Healthy, "one of two failures");
    rig.run_after(secs(10), "database");
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Error)));
    assert_eq!(rig.message("database").as_deref(), Some("refused"));
    script.set(Step::Pass);
    rig.run_after(secs(10), "database");
    assert_eq!(rig.status("database"), Status::Unhealthy, "one of two successes");
    rig.run_after(secs(10), "database");
    assert_eq!(rig.status("database"), Status::Healthy);
}

#[test]
fn a_degraded_answer_shows_at_once_and_counts_as_a_success() {
    let script = Script::of(Step::Degrade);
    let rig = Rig::new(|builder| builder.component(component("database", script.check())));
    rig.run("database");
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Degraded, Some(Cause::Degraded)));
    assert_eq!(rig.message("database").as_deref(), Some("limited"));
    for _ in 0..10 {
        rig.run_after(secs(10), "database");
    }
    assert_eq!(rig.status("database"), Status::Degraded);
}

#[test]
fn an_error_of_any_kind_is_shown_with_its_own_text() {
    let rig = Rig::new(|builder| {
        let refused = || -> CheckResult { Err(std::io::Error::other("refused by 10.0.0.7"))? };
        builder
            .component(Component::new("database", refused).failure_threshold(1))
            .component(Component::new("cache", || false).failure_threshold(1))
    });
    rig.run("database");
    eventually("the cache has a result", || rig.runs("cache") == 1);
    assert_eq!(rig.message("database").as_deref(), Some("refused by 10.0.0.7"));
    assert_eq!(rig.message("cache").as_deref(), Some("the check returned false"));
}

#[test]
fn the_numbers_of_the_last_answer_are_reported() {
    let rig = Rig::new(|builder| {
        builder.component(component("queue", || CheckOutcome::healthy().with_number("length", 12.0)))
    });
    rig.run("queue");
    let report = rig.health.report();
    let queue = report.component("queue").expect("it is registered");
    assert_eq!(queue.numbers().collect::<Vec<_>>(), [("length", 12.0)]);
}

#[test]
fn a_panic_is_a_failure_and_the_check_is_called_again() {
    let script = Script::of(Step::Panic);
    let rig =
        Rig::new(|builder| builder.component(component("database", script.check()).failure_threshold(1)));
    rig.run("database");
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Panicked)));
    assert_eq!(rig.message("database").as_deref(), Some("the check panics, as it was told to"));
    script.set(Step::Pass);
    rig.run_after(secs(10), "database");
    assert_eq!(rig.status("database"), Status::Healthy);
}

#[test]
fn a_hanging_check_is_told_from_one_that_answers_too_late() {
    let script = Script::of(Step::Hang);
    let rig =
        Rig::new(|builder| builder.component(component("database", script.check()).failure_threshold(1)));
    rig.tick();
    rig.run_after(secs(2), "database");
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Timeout)));
    assert_eq!(rig.message("database").as_deref(), Some("still running after 2s"));
    rig.pass(secs(1));
    script.release();
    eventually("the answer came", || {
        rig.message("database").as_deref() == Some("answered after 3s, over its timeout of 2s")
    });
    assert_eq!(rig.status("database"), Status::Unhealthy, "a late success is no success");
    assert_eq!(rig.runs("database"), 1, "one run, one result");
    rig.run_after(secs(7), "database");
    assert_eq!(rig.status("database"), Status::Healthy);
}
