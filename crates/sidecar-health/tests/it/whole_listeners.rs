//! Being told how the whole stands.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use sidecar_health::{Health, ListenerId, MAX_LISTENERS, MAX_WAITING_TRANSITIONS, Status, StatusChange};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::{Gate, PATIENCE, eventually};

/// A checker with a component that decides about the whole, judged by every result, that has been checked once.
fn rig(script: &Script) -> Rig {
    let rig = Rig::new(|builder| {
        builder
            .scheduler_max_age(secs(100_000))
            .component(component("database", script.check()).failure_threshold(1).critical(true))
    });
    rig.run("database");
    rig
}

fn hear(health: &Health) -> (ListenerId, Receiver<StatusChange>) {
    let (tell, told) = channel();
    (health.on_status_change(move |change| tell.send(change.clone()).unwrap_or_default()), told)
}

fn next(told: &Receiver<StatusChange>) -> (Status, Status, Vec<String>) {
    let change = told.recv_timeout(PATIENCE).expect("a change");
    (change.from, change.to, change.root_causes.iter().map(|name| name.to_string()).collect())
}

/// What is told, from the first to the last, once nobody listens any more.
fn all(health: &Health, told: Receiver<StatusChange>) -> Vec<(u64, Status, Status)> {
    health.stop();
    told.into_iter().map(|change| (change.sequence, change.from, change.to)).collect()
}

/// Turns the whole over, and back, so many times.
fn flap(rig: &Rig, script: &Script, times: usize) {
    for at in 0..times {
        script.set(if at % 2 == 0 { Step::Fail("flaps") } else { Step::Pass });
        rig.run_after(secs(10), "database");
    }
}

#[test]
fn a_listener_is_told_every_change_of_the_whole_in_order_and_what_fails() {
    let script = Script::default();
    let rig = rig(&script);
    let (_, told) = hear(&rig.health);
    script.set(Step::Degrade);
    rig.run_after(secs(10), "database");
    assert_eq!(next(&told), (Status::Healthy, Status::Degraded, Vec::new()));
    script.set(Step::Panic);
    rig.run_after(secs(10), "database");
    assert_eq!(next(&told), (Status::Degraded, Status::Unhealthy, vec!["database".to_owned()]));
    script.set(Step::Pass);
    rig.run_after(secs(10), "database");
    assert_eq!(next(&told), (Status::Unhealthy, Status::Healthy, Vec::new()));
    rig.health.stop();
    let end = vec!["scheduler".to_owned()];
    assert_eq!(next(&told), (Status::Healthy, Status::Unhealthy, end));
    assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn what_leaves_the_whole_as_it_was_is_not_told() {
    let script = Script::default();
    let rig = rig(&script);
    let other = Script::of(Step::Fail("down"));
    rig.health.register(component("cache", other.check()).failure_threshold(1)).expect("a new name");
    eventually("it has failed", || rig.status("cache") == Status::Unhealthy);
    let (_, told) = hear(&rig.health);
    let (_, transitions) = {
        let (tell, told) = channel();
        (rig.health.on_change(move |change| tell.send(change.to).unwrap_or_default()), told)
    };
    script.set(Step::Degrade);
    rig.run_after(secs(10), "database");
    assert_eq!(transitions.recv_timeout(PATIENCE), Ok(Status::Degraded), "a component has changed");
    let changes = all(&rig.health, told);
    assert_eq!(changes, [(1, Status::Degraded, Status::Unhealthy)], "the whole only at the end");
}

#[test]
fn what_comes_and_goes_and_a_lease_that_runs_out_are_told_too() {
    let script = Script::default();
    let rig = rig(&script);
    let (_, told) = hear(&rig.health);
    let hangs = Script::of(Step::Hang);
    rig.health.register(component("queue", hangs.check()).critical(true)).expect("a new name");
    assert_eq!(next(&told), (Status::Healthy, Status::Unknown, Vec::new()));
    assert!(rig.health.remove("queue"));
    assert_eq!(next(&told), (Status::Unknown, Status::Healthy, Vec::new()));
    script.set(Step::Hang);
    rig.after(secs(10));
    eventually("it hangs", || script.calls() == 2);
    rig.after(secs(40));
    assert_eq!(next(&told), (Status::Healthy, Status::Unhealthy, vec!["database".to_owned()]));
    script.release();
    hangs.release();
}

#[test]
fn it_is_called_on_a_thread_of_its_own_and_one_that_panics_is_called_again() {
    let script = Script::default();
    let rig = rig(&script);
    let (tell, told) = channel();
    rig.health.on_status_change(move |_| {
        let name = thread::current().name().map(str::to_owned);
        tell.send((thread::current().id(), name)).unwrap_or_default();
        panic!("the listener panics, as it was told to");
    });
    flap(&rig, &script, 3);
    for _ in 0..3 {
        let (id, name) = told.recv_timeout(PATIENCE).expect("it is called");
        assert!(id != thread::current().id() && name.as_deref() == Some("sidecar-change"), "{name:?}");
    }
}

#[test]
fn one_that_blocks_holds_up_nobody_and_as_many_changes_wait_as_there_is_room_for() {
    let script = Script::default();
    let rig = rig(&script);
    let (gate, (tell, late)) = (Gate::default(), channel());
    let held = gate.clone();
    rig.health.on_status_change(move |change| {
        held.enter();
        tell.send(change.sequence).unwrap_or_default();
    });
    flap(&rig, &script, 2);
    gate.wait_until_held();
    let (_, told) = hear(&rig.health);
    while rig.health.lost_changes() == 0 {
        flap(&rig, &script, 2);
        (0..2).for_each(|_| drop(next(&told)));
    }
    gate.open();
    let heard: Vec<u64> =
        (0..=MAX_WAITING_TRANSITIONS).map(|_| late.recv_timeout(PATIENCE).expect("it waits")).collect();
    assert!(heard.into_iter().eq(1..=MAX_WAITING_TRANSITIONS as u64 + 1), "the oldest are kept, in order");
}

#[test]
fn it_can_be_removed_and_a_later_one_hears_of_later_changes_alone() {
    let script = Script::default();
    let rig = rig(&script);
    let (first, told) = hear(&rig.health);
    assert!(rig.health.remove_listener(first) && !rig.health.remove_listener(first));
    assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    flap(&rig, &script, 1);
    let (_, told) = hear(&rig.health);
    script.set(Step::Pass);
    rig.run_after(secs(10), "database");
    assert_eq!(next(&told), (Status::Unhealthy, Status::Healthy, Vec::new()));
}

#[test]
fn both_kinds_of_listeners_share_their_places() {
    let script = Script::default();
    let rig = rig(&script);
    for _ in 1..MAX_LISTENERS {
        rig.health.on_change(|_| ());
    }
    let (last, _told) = hear(&rig.health);
    let (beyond, told) = hear(&rig.health);
    assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    assert!(!rig.health.remove_listener(beyond) && rig.health.remove_listener(last));
}
