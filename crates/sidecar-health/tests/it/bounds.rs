//! What is bounded, at its bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sidecar_health::{
    BuiltIn, Cause, CheckOutcome, Component, MAX_BUILT_INS, MAX_COMPONENTS, MAX_THREADS, MAX_TRANSITIONS,
    RegisterError, Status,
};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::{Gate, eventually};

#[test]
fn there_is_room_for_so_many_components_and_no_more() {
    let rig = Rig::new(|builder| builder);
    for at in 0..MAX_COMPONENTS {
        rig.health.register(Component::new(format!("c{at}"), || true)).expect("there is room");
    }
    let full = rig.health.register(Component::new("one-more", || true));
    assert!(matches!(full, Err(RegisterError::Full { limit: MAX_COMPONENTS, .. })), "{full:?}");
    assert!(rig.health.remove("c0"));
    assert_eq!(rig.health.register(Component::new("one-more", || true)), Ok(()));
}

#[test]
fn there_is_room_for_so_many_built_in_components_and_no_more() {
    let rig = Rig::new(|builder| builder);
    let add =
        |at: usize| rig.health.add_built_in(BuiltIn::new(format!("breaker:{at}"), CheckOutcome::healthy));
    for at in 1..MAX_BUILT_INS {
        assert_eq!(add(at), Ok(()), "{at} beside the scheduler");
    }
    let full = add(MAX_BUILT_INS);
    assert!(matches!(full, Err(RegisterError::Full { limit: MAX_BUILT_INS, .. })), "{full:?}");
    assert_eq!(rig.health.register(component("database", CheckOutcome::healthy)), Ok(()));
}

#[test]
fn checks_that_hang_after_their_removal_count_against_the_threads() {
    let rig = Rig::new(|builder| builder);
    rig.tick();
    let (gate, begun) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    for at in 0..MAX_THREADS {
        let (gate, begun) = (gate.clone(), Arc::clone(&begun));
        let hang = move || {
            begun.fetch_add(1, Ordering::SeqCst);
            gate.enter();
            true
        };
        rig.health.register(Component::new(format!("c{at}"), hang)).expect("there is room");
    }
    assert_eq!(rig.health.worker_threads(), MAX_THREADS);
    eventually("all hang", || begun.load(Ordering::SeqCst) == MAX_THREADS);
    for at in 0..MAX_THREADS {
        assert!(rig.health.remove(&format!("c{at}")));
    }
    rig.health.register(component("database", CheckOutcome::healthy).failure_threshold(1)).expect("room");
    assert_eq!((rig.status("database"), rig.cause("database")), (Status::Unhealthy, Some(Cause::Error)));
    assert_eq!(rig.message("database").as_deref(), Some("no thread for this check: all 256 are taken"));
    assert_eq!(rig.health.worker_threads(), MAX_THREADS);
    gate.open();
    eventually("the threads have ended", || rig.health.worker_threads() == 0);
    rig.run_after(secs(10), "database");
    assert_eq!(rig.status("database"), Status::Healthy);
}

#[test]
fn the_history_keeps_the_newest_transitions_of_each_component() {
    let script = Script::default();
    let rig = Rig::new(|builder| {
        builder
            .component(component("database", script.check()).failure_threshold(1))
            .component(component("cache", CheckOutcome::healthy))
    });
    let flaps = 3 * MAX_TRANSITIONS;
    for at in 0..flaps {
        script.set(if at % 2 == 0 { Step::Pass } else { Step::Fail("flaps") });
        rig.run_after(secs(10), "database");
    }
    eventually("the other was checked too", || rig.runs("cache") > 0);
    let history = rig.health.history();
    assert!(history.is_sorted_by(|earlier, later| earlier.sequence < later.sequence));
    let of = |name: &str| history.iter().filter(|each| &*each.component == name).collect::<Vec<_>>();
    let database = of("database");
    assert_eq!(database.len(), MAX_TRANSITIONS);
    let last = database.last().expect("there are some");
    assert_eq!((last.from, last.to, last.cause), (Status::Healthy, Status::Unhealthy, Some(Cause::Error)));
    assert!(!of("cache").is_empty(), "one that flaps pushes out its own transitions alone");
}
