//! Being told of changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use sidecar_health::{Cause, Health, ListenerId, MAX_LISTENERS, MAX_WAITING_TRANSITIONS, Status, Transition};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::{Gate, PATIENCE, eventually};

/// A checker with one component, judged by every result, that has been checked once.
fn rig(script: &Script) -> Rig {
    let rig = Rig::new(|builder| {
        builder
            .scheduler_max_age(secs(100_000))
            .component(component("database", script.check()).failure_threshold(1))
    });
    rig.run("database");
    rig
}

fn hear(health: &Health) -> (ListenerId, Receiver<Transition>) {
    let (tell, told) = channel();
    (health.on_change(move |change| tell.send(change.clone()).unwrap_or_default()), told)
}

fn next(told: &Receiver<Transition>) -> Transition {
    told.recv_timeout(PATIENCE).expect("a transition")
}

/// Turns the component over, and back, so many times.
fn flap(rig: &Rig, script: &Script, times: usize) {
    for at in 0..times {
        script.set(if at % 2 == 0 { Step::Fail("flaps") } else { Step::Pass });
        rig.run_after(secs(10), "database");
    }
}

#[test]
fn a_listener_is_told_every_later_transition_in_order() {
    let script = Script::default();
    let rig = rig(&script);
    let (_, told) = hear(&rig.health);
    flap(&rig, &script, 5);
    let heard: Vec<_> = (0..5).map(|_| next(&told)).filter(|each| &*each.component == "database").collect();
    let known = rig.health.history().into_iter().filter(|each| &*each.component == "database");
    let known: Vec<_> = known.skip(1).take(heard.len()).collect();
    assert_eq!(heard, known);
    assert_eq!(
        (heard[0].from, heard[0].to, heard[0].cause),
        (Status::Healthy, Status::Unhealthy, Some(Cause::Error))
    );
}

#[test]
fn one_that_blocks_holds_up_neither_the_scheduler_nor_the_others_and_loses_only_its_own() {
    let script = Script::default();
    let rig = rig(&script);
    let (gate, (tell, late)) = (Gate::default(), channel());
    let held = gate.clone();
    rig.health.on_change(move |change| {
        held.enter();
        tell.send(change.sequence).unwrap_or_default();
    });
    flap(&rig, &script, 2);
    gate.wait_until_held();
    let (_, told) = hear(&rig.health);
    let mut heard = 0;
    while rig.health.lost_changes() == 0 {
        flap(&rig, &script, 2);
        heard += 2;
        next(&told);
        next(&told);
    }
    assert!(heard + 2 > MAX_WAITING_TRANSITIONS, "as many wait as there is room for");
    gate.open();
    let all: Vec<u64> =
        (0..=MAX_WAITING_TRANSITIONS).map(|_| late.recv_timeout(PATIENCE).expect("it waits")).collect();
    assert!(all.is_sorted(), "the oldest are kept, in order");
}

#[test]
fn one_that_panics_is_called_again() {
    let script = Script::default();
    let rig = rig(&script);
    let (tell, told) = channel();
    rig.health.on_change(move |change| {
        tell.send(change.sequence).unwrap_or_default();
        panic!("the listener panics, as it was told to");
    });
    flap(&rig, &script, 3);
    (0..3).for_each(|_| assert!(told.recv_timeout(PATIENCE).is_ok()));
}

#[test]
fn a_listener_may_use_the_checker_and_remove_itself() {
    let script = Script::default();
    let rig = rig(&script);
    let (tell, told) = channel();
    let (health, (give, id)) = (rig.health.clone(), channel::<ListenerId>());
    let own = rig.health.on_change(move |change| {
        if let Ok(id) = id.recv() {
            let status = health.report().component("database").map(|each| each.status());
            tell.send((change.to, status, health.remove_listener(id))).unwrap_or_default();
        }
    });
    give.send(own).expect("it listens");
    flap(&rig, &script, 1);
    let unhealthy = Status::Unhealthy;
    assert_eq!(told.recv_timeout(PATIENCE), Ok((unhealthy, Some(unhealthy), true)));
    assert!(told.recv_timeout(PATIENCE).is_err(), "it is gone, and its closure dropped");
    assert!(!rig.health.remove_listener(own));
}

#[test]
fn there_is_room_for_so_many_listeners_and_no_more() {
    let script = Script::default();
    let rig = rig(&script);
    let (gate, inside) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let mut listeners = Vec::new();
    for _ in 0..MAX_LISTENERS {
        let (gate, inside) = (gate.clone(), Arc::clone(&inside));
        listeners.push(rig.health.on_change(move |_| {
            inside.fetch_add(1, Ordering::SeqCst);
            gate.enter();
        }));
    }
    flap(&rig, &script, 1);
    eventually("all hang", || inside.load(Ordering::SeqCst) == MAX_LISTENERS);
    assert!(listeners.iter().all(|&listener| rig.health.remove_listener(listener)));
    let (id, told) = hear(&rig.health);
    assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected), "those that hang count");
    assert!(!rig.health.remove_listener(id));
    gate.open();
    eventually("there is room again", || {
        let (id, _told) = hear(&rig.health);
        rig.health.remove_listener(id)
    });
}

#[test]
fn stopping_tells_of_the_end_and_lets_every_listener_go() {
    let (script, witness) = (Script::default(), Arc::new(()));
    let rig = rig(&script);
    let (held, (tell, told)) = (Arc::clone(&witness), channel());
    rig.health.on_change(move |change| {
        let _ = &held;
        tell.send(change.clone()).unwrap_or_default();
    });
    rig.health.stop();
    let last = next(&told);
    assert_eq!((&*last.component, last.cause), ("scheduler", Some(Cause::Stopped)));
    eventually("it is gone", || Arc::strong_count(&witness) == 1);
    assert!(!rig.health.remove_listener(rig.health.on_change(|_| ())), "nobody listens any more");
}
