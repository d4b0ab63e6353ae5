//! Failures of other health checkers, each as the test that would have caught it.

use sidecar_health::{BuiltIn, Cause, CheckOutcome, Component, Status};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::eventually;

#[test]
fn a_stale_success_is_not_served_for_ever_after_panics() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check()).critical(true)));
    for _ in 0..3 {
        rig.run_after(secs(10), "database");
    }
    assert_eq!(rig.status("database"), Status::Healthy);
    script.set(Step::Panic);
    for _ in 0..3 {
        rig.run_after(secs(10), "database");
    }
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Panicked)));
    assert_eq!(rig.health.report().status(), Status::Unhealthy);
}

#[test]
fn one_blocking_check_does_not_starve_its_siblings() {
    let (blocks, sibling) = (Script::of(Step::Hang), Script::default());
    let rig = Rig::new(|builder| {
        builder
            .component(component("blocks", blocks.check()))
            .component(component("sibling", sibling.check()))
    });
    rig.run("sibling");
    for due in 1..=60 {
        rig.run_after(secs(10), "sibling");
        assert_eq!(sibling.calls(), due + 1);
    }
    assert_eq!(rig.status("sibling"), Status::Healthy);
    assert_eq!(rig.cause("blocks"), Some(Cause::Timeout));
    blocks.release();
}

#[test]
fn nothing_is_ready_before_anything_was_checked() {
    let script = Script::of(Step::Hang);
    let rig = Rig::new(|builder| builder.component(component("database", script.check()).critical(true)));
    assert!(!rig.health.is_ready() && !rig.health.is_started());
    rig.tick();
    assert!(!rig.health.is_ready() && !rig.health.is_started());
    assert_eq!(rig.health.report().status(), Status::Unknown);
    script.release();
    eventually("it was checked", || rig.health.is_ready());
    assert!(rig.health.is_started());
}

#[test]
fn a_hung_check_does_not_serve_its_last_success_for_ever() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check()).critical(true)));
    rig.run("database");
    script.set(Step::Hang);
    rig.after(secs(10));
    eventually("it hangs", || script.calls() == 2);
    for time in [2, 10, 10] {
        assert!(rig.health.is_ready());
        rig.after(secs(time));
    }
    assert!(!rig.health.is_ready());
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Timeout)));
    script.release();
}

#[test]
fn a_hung_check_costs_one_thread_and_one_run_however_long_it_hangs() {
    let script = Script::of(Step::Hang);
    let rig = Rig::new(|builder| builder.component(component("database", script.check())));
    for _ in 0..10_000 {
        rig.after(secs(10));
    }
    eventually("it began", || script.calls() == 1);
    assert_eq!((script.calls(), rig.health.worker_threads()), (1, 1));
    script.release();
}

#[test]
fn a_dead_scheduler_is_not_hidden_by_the_results_it_left_behind() {
    let rig =
        Rig::new(|builder| builder.component(component("database", CheckOutcome::healthy).critical(true)));
    rig.run("database");
    rig.pass(secs(5));
    assert_eq!(rig.health.report().status(), Status::Unhealthy, "the scheduler at once");
    assert!(rig.health.is_ready(), "the application while its own lease lasts");
    rig.pass(secs(37));
    assert!(!rig.health.is_ready());
    assert!(rig.health.is_live());
}

#[test]
fn a_flood_of_probes_runs_no_check() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder.component(component("database", script.check()).critical(true)));
    rig.run("database");
    for _ in 0..10_000 {
        assert!(rig.health.is_ready() && rig.health.report().status() == Status::Healthy);
    }
    assert_eq!(script.calls(), 1);
}

#[test]
fn every_reader_is_answered_while_every_check_hangs() {
    let script = Script::of(Step::Hang);
    let rig = Rig::new(|builder| {
        (0..8).fold(builder, |builder, at| builder.component(component(&format!("c{at}"), script.check())))
    });
    rig.tick();
    eventually("all hang", || script.calls() == 8);
    assert_eq!(rig.health.report().components().count(), 9);
    assert!(rig.health.is_live() && rig.health.is_ready());
    script.release();
}

#[test]
fn a_check_may_use_the_checker_that_runs_it() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    let health = rig.health.clone();
    let check = move || {
        let _ = health.register(component("found-on-the-way", CheckOutcome::healthy));
        health.report().status() != Status::Unhealthy
    };
    rig.health.register(Component::new("discovery", check)).expect("there is room");
    eventually("both have a verdict", || {
        let report = rig.health.report();
        report.components().count() == 3 && report.status() == Status::Healthy
    });
    rig.health.stop();
}

#[test]
fn failures_below_the_threshold_do_not_pass_for_health() {
    let script = Script::of(Step::Fail("never worked"));
    let rig = Rig::new(|builder| builder.component(component("database", script.check()).critical(true)));
    for status in [Status::Unknown, Status::Unknown, Status::Unhealthy] {
        rig.run_after(secs(10), "database");
        assert_eq!(rig.status("database"), status);
        assert!(!rig.health.is_ready());
    }
}

#[test]
fn a_flapping_check_does_not_flap_the_component() {
    let script = Script::default();
    let rig =
        Rig::new(|builder| builder.component(component("database", script.check()).failure_threshold(2)));
    rig.run("database");
    for at in 0..40 {
        script.set(if at % 2 == 0 { Step::Fail("flaps") } else { Step::Pass });
        rig.run_after(secs(10), "database");
        assert_eq!(rig.status("database"), Status::Healthy);
    }
}

#[test]
fn an_open_breaker_does_not_take_the_instance_out_of_the_balancer_and_is_still_seen() {
    let rig = Rig::new(|builder| {
        builder.built_in(BuiltIn::new("breaker:payments", || CheckOutcome::degraded("open")))
    });
    rig.tick();
    assert!(rig.health.is_ready());
    assert_eq!(rig.status("breaker:payments"), Status::Degraded);
    assert_eq!(rig.health.report().status(), Status::Degraded);
}

#[test]
fn a_failing_dependency_does_not_restart_the_process() {
    let script = Script::of(Step::Fail("the database is down"));
    let rig = Rig::new(|builder| {
        builder.component(component("database", script.check()).critical(true).failure_threshold(1))
    });
    rig.run("database");
    assert_eq!(rig.health.report().status(), Status::Unhealthy);
    assert!(rig.health.is_live() && !rig.health.is_ready());
}

#[test]
fn what_a_check_said_does_not_reach_a_reader_of_the_redacted_report() {
    const SECRET: &str = "hunter2";
    let leak = || CheckOutcome::unhealthy(SECRET).with_number(SECRET, 1.0);
    let rig = Rig::new(|builder| {
        builder
            .component(component("fails", leak).failure_threshold(1))
            .component(component("undecided", leak))
            .component(component("limited", || CheckOutcome::degraded(SECRET)))
            .component(component("fine", || CheckOutcome::healthy().with_message(SECRET)))
            .component(Component::new("panics", || -> bool { panic!("{SECRET}") }).failure_threshold(1))
    });
    rig.tick();
    eventually("all have a result", || {
        ["fails", "undecided", "limited", "fine", "panics"].iter().all(|name| rig.runs(name) == 1)
    });
    let report = rig.health.report();
    let shown = |name| report.component(name).and_then(|each| each.message()).map(str::to_owned);
    assert_eq!(shown("fails").as_deref(), Some(SECRET));
    let redacted = report.clone().redacted();
    assert_eq!(redacted.status(), report.status());
    for component in redacted.components() {
        assert_eq!(component.message(), component.cause().map(Cause::sentence), "{}", component.name());
        assert_eq!(component.numbers().count(), 0);
    }
}

#[test]
fn a_process_whose_worker_hangs_or_died_is_not_live_for_ever() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    let [hangs, died] =
        ["hangs", "died"].map(|name| rig.health.heartbeat(name, secs(30)).expect("there is room"));
    hangs.beat();
    died.beat();
    assert!(rig.health.is_live());
    rig.pass(secs(30));
    assert!(!rig.health.is_live());
    hangs.beat();
    drop(died);
    assert!(!rig.health.is_live());
    hangs.retire();
}

#[test]
fn an_outage_of_a_dependency_is_one_root_cause_and_not_one_alarm_for_each_that_depends_on_it() {
    let script = Script::of(Step::Fail("down"));
    let rig = Rig::new(|builder| {
        let network = component("network", script.check()).failure_threshold(1);
        (0..15).fold(builder.component(network), |builder, at| {
            builder.component(component(&format!("c{at}"), CheckOutcome::healthy).depends_on("network"))
        })
    });
    rig.tick();
    eventually("all have a result", || rig.health.report().components().all(|each| each.runs() > 0));
    let report = rig.health.report();
    assert_eq!(report.root_causes().collect::<Vec<_>>(), ["network"]);
    assert_eq!(report.status(), Status::Degraded, "fifteen that follow are no epidemic");
    for _ in 0..10 {
        rig.run_after(secs(10), "network");
    }
    assert!((0..15).all(|at| rig.runs(&format!("c{at}")) == 1), "nobody was asked who cannot answer");
}

#[cfg(feature = "tokio")]
#[test]
fn a_timeout_leaks_no_task_and_no_thread_however_often_it_happens() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let rig = Rig::new(|builder| {
        let hangs = Component::new_async("api", std::future::pending::<bool>);
        builder
            .runtime(runtime.handle().clone())
            .component(hangs.interval(secs(10)).timeout(secs(2)).jitter(0.0).failure_threshold(1))
    });
    for run in 1..=50 {
        rig.after(secs(8));
        rig.after(secs(2));
        eventually("it was given up", || {
            rig.message("api").is_some_and(|message| message.starts_with("given up"))
                && rig.runs("api") == run
        });
        eventually("the task is gone", || runtime.metrics().num_alive_tasks() == 0);
    }
    assert_eq!(rig.health.worker_threads(), 0);
}
