//! Checks that are futures.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use sidecar_health::{
    Cause, CheckOutcome, Component, Health, HealthBuilder, MAX_THREADS, RegisterError, Status,
};
use tokio::runtime::{Builder, Runtime};

use crate::support::{Rig, component, secs};
use sidecar_harness::{Gate, eventually};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

/// A checker in virtual time whose checks run on `runtime`.
fn rig(runtime: &Runtime, configure: impl FnOnce(HealthBuilder) -> HealthBuilder) -> Rig {
    Rig::new(|builder| configure(builder.runtime(runtime.handle().clone())))
}

/// As [`component`], and judged by every result.
fn component_async<F: Future<Output = CheckOutcome> + Send + 'static>(
    name: &str,
    check: impl FnMut() -> F + Send + 'static,
) -> Component {
    Component::new_async(name, check).interval(secs(10)).timeout(secs(2)).jitter(0.0).failure_threshold(1)
}

/// How many of them there are.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicU64>);

impl Alive {
    fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn one(&self) -> One {
        self.0.fetch_add(1, Ordering::SeqCst);
        One(self.clone())
    }
}

struct One(Alive);

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn an_asynchronous_check_is_a_check_without_a_thread() {
    let runtime = runtime();
    let rig = rig(&runtime, |builder| {
        builder
            .component(component_async("api", || async {
                tokio::task::yield_now().await;
                CheckOutcome::degraded("slow").with_number("ms", 3.0)
            }))
            .component(
                Component::new_async("other", || async { Err::<(), _>("refused") }).failure_threshold(1),
            )
    });
    rig.run("api");
    eventually("both have a result", || rig.runs("other") == 1);
    assert_eq!((rig.status("api"), rig.message("api").as_deref()), (Status::Degraded, Some("slow")));
    assert_eq!(rig.health.report().component("api").map(|each| each.numbers().count()), Some(1));
    assert_eq!((rig.cause("other"), rig.message("other").as_deref()), (Some(Cause::Error), Some("refused")));
    assert_eq!(rig.health.worker_threads(), 0);
    rig.run_after(secs(10), "api");
}

#[test]
fn without_a_runtime_it_is_refused_and_inside_one_it_is_not() {
    let check = || Component::new_async("api", || async { true });
    let refused = Health::builder().component(check()).build().expect_err("there is no runtime");
    assert_eq!(refused.field(), "runtime");
    let outside = Health::builder().build().expect("valid settings");
    let late = outside.register(check());
    assert!(matches!(&late, Err(RegisterError::Settings(error)) if error.field() == "runtime"), "{late:?}");
    let runtime = runtime();
    let _inside = runtime.enter();
    assert_eq!(outside.register(check()), Ok(()), "of whoever registers");
    assert!(Health::builder().component(check()).build().is_ok(), "of whoever builds");
    let disabled = Health::builder().enabled(false).build().expect("valid settings");
    assert_eq!(disabled.register(check()), Ok(()));
}

#[test]
fn a_run_over_its_timeout_is_cancelled_and_its_future_dropped() {
    let (runtime, alive) = (runtime(), Alive::default());
    let futures = alive.clone();
    let rig = rig(&runtime, |builder| {
        builder.component(component_async("api", move || {
            let one = futures.one();
            async move {
                pending::<()>().await;
                drop(one);
                CheckOutcome::healthy()
            }
        }))
    });
    for run in 1..=5 {
        rig.after(secs(8));
        eventually("it hangs", || alive.count() == 1);
        rig.after(secs(2));
        eventually("it was given up", || {
            rig.message("api").as_deref() == Some("given up after its timeout of 2s")
        });
        assert_eq!((rig.status("api"), rig.cause("api")), (Status::Unhealthy, Some(Cause::Timeout)));
        assert_eq!((alive.count(), rig.runs("api")), (0, run), "one run, one result");
    }
}

#[test]
fn a_run_that_blocks_its_thread_is_not_started_a_second_time() {
    let (runtime, gate, calls) = (runtime(), Gate::default(), Arc::new(AtomicU64::new(0)));
    let (inside, called) = (gate.clone(), Arc::clone(&calls));
    let rig = rig(&runtime, |builder| {
        builder.component(component_async("api", move || {
            let gate = inside.clone();
            called.fetch_add(1, Ordering::SeqCst);
            async move {
                gate.enter();
                CheckOutcome::healthy()
            }
        }))
    });
    rig.tick();
    gate.wait_until_held();
    for _ in 0..1_000 {
        rig.after(secs(10));
    }
    assert_eq!((calls.load(Ordering::SeqCst), rig.cause("api")), (1, Some(Cause::Timeout)));
    gate.open();
    eventually("the next run succeeds", || {
        rig.after(secs(10));
        rig.status("api") == Status::Healthy
    });
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropping panics");
    }
}

/// A future that panics in one of its stages.
struct Staged {
    turn: u64,
    polled: bool,
    _bomb: Option<Bomb>,
}

impl Future for Staged {
    type Output = CheckOutcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<CheckOutcome> {
        assert!(self.turn != 1, "the first poll panics");
        if !self.polled {
            self.polled = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        assert!(self.turn != 2, "a later poll panics");
        Poll::Ready(CheckOutcome::healthy())
    }
}

#[test]
fn a_panic_is_contained_wherever_it_comes_from() {
    let (runtime, turn) = (runtime(), Arc::new(AtomicU64::new(0)));
    let turns = Arc::clone(&turn);
    let rig = rig(&runtime, |builder| {
        builder.component(component_async("api", move || {
            let turn = turns.load(Ordering::SeqCst);
            assert!(turn != 0, "making the future panics");
            Staged { turn, polled: false, _bomb: (turn == 3).then(|| Bomb) }
        }))
    });
    for message in
        ["making the future panics", "the first poll panics", "a later poll panics", "dropping panics"]
    {
        rig.run_after(secs(10), "api");
        assert_eq!((rig.status("api"), rig.cause("api")), (Status::Unhealthy, Some(Cause::Panicked)));
        assert_eq!(rig.message("api").as_deref(), Some(message));
        turn.fetch_add(1, Ordering::SeqCst);
    }
    rig.run_after(secs(10), "api");
    assert_eq!(rig.status("api"), Status::Healthy);
}

#[test]
fn a_future_whose_drop_panics_when_it_is_given_up_is_contained_too() {
    let (runtime, calls) = (runtime(), Arc::new(AtomicU64::new(0)));
    let called = Arc::clone(&calls);
    let rig = rig(&runtime, |builder| {
        builder.component(component_async("api", move || {
            called.fetch_add(1, Ordering::SeqCst);
            let bomb = Bomb;
            async move {
                pending::<()>().await;
                drop(bomb);
                CheckOutcome::healthy()
            }
        }))
    });
    rig.tick();
    eventually("it hangs", || calls.load(Ordering::SeqCst) == 1);
    rig.after(secs(2));
    eventually("it was given up", || {
        rig.message("api").as_deref() == Some("answered after 2s, over its timeout of 2s")
    });
    assert_eq!((rig.cause("api"), rig.runs("api")), (Some(Cause::Timeout), 1));
}

#[test]
fn a_runtime_that_was_shut_down_fails_its_checks_and_nothing_else() {
    let runtime = runtime();
    let rig = rig(&runtime, |builder| {
        builder
            .component(component_async("api", || async { CheckOutcome::healthy() }))
            .component(component("database", CheckOutcome::healthy))
    });
    rig.run("api");
    eventually("the other has a result", || rig.runs("database") == 1);
    runtime.shutdown_timeout(secs(60));
    for run in 2..4 {
        rig.run_after(secs(10), "api");
        eventually("the other goes on", || rig.runs("database") == run);
        assert_eq!((rig.status("api"), rig.cause("api")), (Status::Unhealthy, Some(Cause::Error)));
        assert_eq!(rig.message("api").as_deref(), Some("the runtime has dropped the check's task"));
    }
}

#[test]
fn a_runtime_that_is_shut_down_in_a_run_ends_that_run() {
    let (runtime, alive) = (runtime(), Alive::default());
    let futures = alive.clone();
    let rig = rig(&runtime, |builder| {
        builder.component(component_async("api", move || {
            let one = futures.one();
            async move {
                pending::<()>().await;
                drop(one);
                CheckOutcome::healthy()
            }
        }))
    });
    rig.tick();
    eventually("it hangs", || alive.count() == 1);
    runtime.shutdown_timeout(secs(60));
    eventually("it has a result", || rig.cause("api") == Some(Cause::Error));
    assert_eq!(alive.count(), 0);
}

#[test]
fn removing_and_stopping_cancel_the_run_in_flight_and_drop_the_check() {
    let (runtime, alive) = (runtime(), Alive::default());
    let rig = rig(&runtime, |builder| builder);
    for name in ["removed", "stopped"] {
        let (captured, futures) = (alive.one(), alive.clone());
        let check = move || {
            let _ = &captured;
            let one = futures.one();
            async move {
                pending::<()>().await;
                drop(one);
                CheckOutcome::healthy()
            }
        };
        rig.health.register(component_async(name, check)).expect("there is room");
    }
    rig.tick();
    eventually("both hang", || alive.count() == 4);
    assert!(rig.health.remove("removed"));
    eventually("it is gone", || alive.count() == 2);
    rig.health.stop();
    eventually("both are gone", || alive.count() == 0);
}

#[test]
fn tasks_that_hang_after_their_removal_count_against_the_limit() {
    let (runtime, gate) = (runtime(), Gate::default());
    let rig = rig(&runtime, |builder| builder);
    rig.tick();
    let (held, begun) = (gate.clone(), Arc::new(AtomicU64::new(0)));
    let inside = Arc::clone(&begun);
    let blocks = move || {
        let (gate, inside) = (held.clone(), Arc::clone(&inside));
        async move {
            inside.fetch_add(1, Ordering::SeqCst);
            gate.enter();
            CheckOutcome::healthy()
        }
    };
    for at in 0..MAX_THREADS {
        rig.health.register(component_async(&format!("c{at}"), blocks.clone())).expect("there is room");
    }
    // Both workers, so that no task ends that is cancelled.
    eventually("the runtime is blocked", || begun.load(Ordering::SeqCst) == 2);
    for at in 0..MAX_THREADS {
        assert!(rig.health.remove(&format!("c{at}")));
    }
    rig.health.register(component_async("api", || async { CheckOutcome::healthy() })).expect("there is room");
    assert_eq!(rig.message("api").as_deref(), Some("no task for this check: all 256 are taken"));
    gate.open();
    eventually("it runs at last", || {
        rig.after(secs(10));
        rig.status("api") == Status::Healthy
    });
}

#[test]
fn in_real_time_a_hanging_check_is_given_up_without_anybody_asking() {
    let (runtime, calls) = (runtime(), Arc::new(AtomicU64::new(0)));
    let called = Arc::clone(&calls);
    let check = move || {
        called.fetch_add(1, Ordering::SeqCst);
        pending::<bool>()
    };
    let fast = Duration::from_millis(5);
    let _health = Health::builder()
        .runtime(runtime.handle().clone())
        .component(Component::new_async("api", check).interval(fast).timeout(fast))
        .start()
        .expect("valid settings");
    eventually("it is tried again and again", || calls.load(Ordering::SeqCst) > 5);
}
