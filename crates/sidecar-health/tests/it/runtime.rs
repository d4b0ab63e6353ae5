//! Watching the application's runtime.

use sidecar_health::{Cause, Component, Health, Status};
use tokio::runtime::{Builder, Runtime};

use crate::support::{Rig, secs};
use sidecar_harness::{Gate, eventually};

fn runtime(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().expect("a runtime")
}

fn rig(runtime: &Runtime) -> Rig {
    Rig::new(|builder| builder.watch_runtime(runtime.handle().clone()))
}

/// One look, and the answer to the question asked then.
fn ask_after(rig: &Rig, seconds: u64) {
    let before = rig.runs("runtime");
    rig.after(secs(seconds));
    eventually("the runtime answers", || rig.runs("runtime") > before);
}

/// Blocks so many workers until the gate is opened.
fn block(runtime: &Runtime, workers: usize) -> Gate {
    let gate = Gate::default();
    for _ in 0..workers {
        let (held, inside) = (gate.clone(), Gate::default());
        let entered = inside.clone();
        runtime.spawn(async move {
            entered.open();
            held.enter();
        });
        inside.enter();
    }
    gate
}

#[test]
fn a_runtime_that_gets_on_is_healthy() {
    let runtime = runtime(1);
    let rig = rig(&runtime);
    assert_eq!((rig.status("runtime"), rig.health.is_ready()), (Status::Unknown, false));
    ask_after(&rig, 0);
    for _ in 0..100 {
        ask_after(&rig, 1);
        assert!(rig.health.is_ready() && rig.health.is_live());
    }
}

#[test]
fn a_wedged_one_turns_readiness_off_then_liveness_and_both_on_again() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let rig = rig(&runtime);
        ask_after(&rig, 0);
        let gate = block(&runtime, workers);
        for _ in 0..4 {
            rig.after(secs(1));
            assert!(rig.health.is_ready());
        }
        rig.after(secs(1));
        assert_eq!((rig.status("runtime"), rig.cause("runtime")), (Status::Unhealthy, Some(Cause::Stale)));
        assert_eq!((rig.health.is_ready(), rig.health.is_live()), (false, true));
        for _ in 0..25 {
            rig.after(secs(1));
            assert!(rig.health.is_live());
        }
        rig.after(secs(1));
        assert!(!rig.health.is_live(), "30 s after the first question without an answer");
        gate.open();
        eventually("it gets on", || rig.health.is_ready() && rig.health.is_live());
    }
}

#[test]
fn one_worker_that_blocks_does_not_wedge_the_others() {
    let runtime = runtime(2);
    let rig = rig(&runtime);
    ask_after(&rig, 0);
    let gate = block(&runtime, 1);
    for _ in 0..40 {
        ask_after(&rig, 1);
    }
    assert!(rig.health.is_ready() && rig.health.is_live());
    gate.open();
}

#[test]
fn a_dead_scheduler_says_nothing_against_a_runtime() {
    let runtime = runtime(1);
    let rig = rig(&runtime);
    ask_after(&rig, 0);
    rig.pass(secs(1_000));
    assert_eq!((rig.health.is_ready(), rig.health.is_live()), (false, true));
}

#[test]
fn a_runtime_that_was_shut_down_is_not_ready_and_no_reason_for_a_restart() {
    let runtime = runtime(1);
    let rig = rig(&runtime);
    ask_after(&rig, 0);
    runtime.shutdown_timeout(secs(60));
    for _ in 0..100 {
        rig.after(secs(1));
    }
    assert_eq!((rig.health.is_ready(), rig.health.is_live()), (false, true));
}

#[test]
fn limits_and_the_name_are_checked() {
    let runtime = runtime(1);
    let field = |builder: sidecar_health::HealthBuilder| builder.build().expect_err("refused").field();
    let watched = || Health::builder().watch_runtime(runtime.handle().clone());
    assert_eq!(field(watched().runtime_ready_limit(secs(1))), "runtime_ready_limit");
    assert_eq!(field(watched().runtime_live_limit(secs(4))), "runtime_live_limit");
    assert_eq!(field(watched().component(Component::new("runtime", || true))), "component");
    assert!(Health::builder().component(Component::new("runtime", || true)).build().is_ok());
}
