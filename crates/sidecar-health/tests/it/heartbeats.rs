//! Heartbeats, and liveness, which is made of them.

use sidecar_core::clock::Mock;
use sidecar_health::{BuiltIn, Cause, CheckOutcome, Clock, Health, MAX_COMPONENTS, RegisterError, Status};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::eventually;

const TTL: Duration = Duration::from_secs(10);

#[test]
fn a_heartbeat_vouches_for_as_long_as_its_time_to_live() {
    let rig = Rig::new(|builder| builder);
    let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
    beat.beat();
    rig.pass(secs(9));
    assert_eq!((rig.status("consumer"), rig.health.is_live()), (Status::Healthy, true));
    rig.pass(secs(1));
    assert_eq!((rig.status("consumer"), rig.cause("consumer")), (Status::Unhealthy, Some(Cause::Stale)));
    assert!(!rig.health.is_live(), "nobody had to look for it");
    beat.beat();
    assert_eq!((rig.status("consumer"), rig.health.is_live()), (Status::Healthy, true));
}

#[test]
fn one_that_has_never_beaten_is_unknown_and_then_a_failure() {
    let rig = Rig::new(|builder| builder);
    let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
    rig.pass(secs(9));
    assert_eq!((rig.status("consumer"), rig.cause("consumer")), (Status::Unknown, Some(Cause::Pending)));
    assert!(rig.health.is_live(), "a start that takes its time is no reason to start again");
    rig.pass(secs(1));
    assert_eq!((rig.status("consumer"), rig.health.is_live()), (Status::Unhealthy, false));
    beat.retire();
}

#[test]
fn a_dropped_handle_is_a_failure_and_a_retired_one_is_gone() {
    let rig = Rig::new(|builder| builder);
    let [dropped, retired] =
        ["dropped", "retired"].map(|name| rig.health.heartbeat(name, TTL).expect("there is room"));
    dropped.beat();
    retired.beat();
    retired.retire();
    assert!(rig.health.report().component("retired").is_none() && rig.health.is_live());
    drop(dropped);
    assert_eq!((rig.status("dropped"), rig.cause("dropped")), (Status::Unhealthy, Some(Cause::Dropped)));
    assert!(!rig.health.is_live());
    let last = rig.health.history().pop().expect("a transition");
    assert_eq!((last.to, last.cause), (Status::Unhealthy, Some(Cause::Dropped)), "without a look");
    assert!(rig.health.remove("dropped"));
    assert!(rig.health.is_live(), "whoever takes it out has dealt with it");
}

#[test]
fn a_worker_that_panics_is_not_live_any_more() {
    let rig = Rig::new(|builder| builder);
    let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
    let worker = thread::spawn(move || {
        beat.beat();
        panic!("the worker panics, as it was told to");
    });
    assert!(worker.join().is_err());
    assert_eq!((rig.cause("consumer"), rig.health.is_live()), (Some(Cause::Dropped), false));
}

#[test]
fn liveness_depends_on_nothing_but_heartbeats() {
    let script = Script::of(Step::Fail("down"));
    let rig = Rig::new(|builder| {
        builder
            .component(component("database", script.check()).critical(true).failure_threshold(1))
            .built_in(BuiltIn::new("observer", || CheckOutcome::unhealthy("drops")))
    });
    let beat = rig.health.heartbeat("consumer", secs(1_000)).expect("there is room");
    assert!(rig.health.is_live(), "while starting");
    beat.beat();
    rig.run("database");
    assert_eq!((rig.health.report().status(), rig.health.is_live()), (Status::Unhealthy, true));
    rig.pass(secs(999));
    assert!(rig.health.is_live(), "with a dead scheduler");
    rig.health.drain();
    assert!(rig.health.is_live(), "while draining");
    rig.pass(secs(1));
    assert!(!rig.health.is_live(), "and a heartbeat counts without a scheduler");
    beat.retire();
}

#[test]
fn a_failed_heartbeat_degrades_the_whole_unless_it_is_critical() {
    let rig = Rig::new(|builder| builder.critical_components(["consumer"]));
    rig.tick();
    let other = rig.health.heartbeat("other", TTL).expect("there is room");
    drop(other);
    assert_eq!((rig.health.report().status(), rig.health.is_ready()), (Status::Degraded, true));
    let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
    assert!(!rig.health.is_ready(), "it has not begun");
    beat.beat();
    assert!(rig.health.is_ready());
    drop(beat);
    assert_eq!((rig.health.report().status(), rig.health.is_ready()), (Status::Unhealthy, false));
}

#[test]
fn a_child_of_a_heartbeat_is_not_checked_while_that_fails() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder);
    let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
    rig.health.register(component("queue", script.check()).depends_on("consumer")).expect("there is room");
    beat.beat();
    rig.run("queue");
    rig.after(secs(10));
    assert_eq!((rig.cause("queue"), script.calls()), (Some(Cause::Dependency), 1));
    beat.beat();
    rig.tick();
    eventually("it is checked again", || rig.status("queue") == Status::Healthy && script.calls() == 2);
    beat.retire();
}

#[test]
fn the_scheduler_writes_down_a_missed_beat_when_it_is_due() {
    let rig = Rig::new(|builder| builder.built_in_interval(secs(60)).scheduler_max_age(secs(120)));
    let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
    beat.beat();
    assert_eq!(rig.tick(), 10_000_000_000, "when it would be missed");
    rig.after(secs(10));
    let last = rig.health.history().pop().expect("a transition");
    assert_eq!((&*last.component, last.to, last.cause), ("consumer", Status::Unhealthy, Some(Cause::Stale)));
    assert_eq!(rig.tick(), 60_000_000_000, "and not again and again");
    beat.retire();
}

#[test]
fn beats_and_the_time_of_the_last_are_reported() {
    let rig = Rig::new(|builder| builder);
    let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
    let last = || rig.health.report().component("consumer").and_then(|each| each.last_check());
    assert_eq!((rig.runs("consumer"), last()), (0, None));
    beat.beat();
    beat.beat();
    rig.pass(secs(5));
    let report = rig.health.report();
    assert_eq!(rig.runs("consumer"), 2);
    assert_eq!(
        report.component("consumer").and_then(|each| each.last_check()),
        report.timestamp().checked_sub(secs(5))
    );
    assert!(last() < Some(SystemTime::now()));
    beat.retire();
}

#[test]
fn an_old_handle_has_no_say_about_its_namesake() {
    let rig = Rig::new(|builder| builder);
    let [kept, retired] = std::array::from_fn(|_| {
        let beat = rig.health.heartbeat("consumer", TTL).expect("there is room");
        assert!(rig.health.remove("consumer"));
        beat
    });
    let new = rig.health.heartbeat("consumer", TTL).expect("there is room");
    kept.beat();
    assert_eq!(rig.status("consumer"), Status::Unknown);
    drop(kept);
    retired.retire();
    assert_eq!(rig.status("consumer"), Status::Unknown);
    new.beat();
    assert_eq!(rig.status("consumer"), Status::Healthy);
    new.retire();
}

#[test]
fn names_times_and_room_are_limited() {
    let rig = Rig::new(|builder| builder);
    for ttl in [Duration::ZERO, Duration::MAX] {
        let refused = rig.health.heartbeat("consumer", ttl).expect_err("refused");
        assert!(matches!(&refused, RegisterError::Settings(error) if error.field() == "ttl"), "{refused}");
    }
    assert!(rig.health.heartbeat("scheduler", TTL).is_err());
    let beats: Vec<_> = (0..MAX_COMPONENTS).map(|at| rig.health.heartbeat(format!("c{at}"), TTL)).collect();
    assert!(beats.iter().all(Result::is_ok));
    let full = rig.health.heartbeat("one-more", TTL);
    assert!(matches!(full, Err(RegisterError::Full { limit: MAX_COMPONENTS, .. })), "{full:?}");
    assert!(matches!(rig.health.heartbeat("c0", TTL), Err(RegisterError::Duplicate { .. })));
}

#[test]
fn what_is_disabled_does_not_count() {
    let rig = Rig::new(|builder| builder.enabled(false));
    drop(rig.health.heartbeat("consumer", TTL).expect("there is room"));
    assert_eq!((rig.cause("consumer"), rig.health.is_live()), (Some(Cause::Disabled), true));
}

#[test]
fn a_handle_that_outlives_the_checker_keeps_nothing_running() {
    let (clock, _hand): (Clock, std::sync::Arc<Mock>) = Clock::mock();
    let health = Health::builder().clock(clock).build().expect("valid settings");
    let [beat, other] = ["a", "b"].map(|name| health.heartbeat(name, TTL).expect("there is room"));
    drop(health);
    beat.beat();
    beat.retire();
    drop(other);
}
