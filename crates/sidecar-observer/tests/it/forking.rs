//! What an observer does in a forked child.

use crate::hold;
use sidecar_harness::process::{alone, fork, forked};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_observer::{Event, FlushReport, Observed, Observer, Reason, observe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

const FORKED: Observed = Observed::Dropped(Reason::Forked);

fn started() -> Observer {
    Observer::builder().start().expect("defaults are valid")
}

/// Every call on the copy of an observer that was started before the fork.
fn every_call(observer: Observer) {
    let before = observer.stats();
    assert_eq!(observer.observe(Event::new("a")), FORKED);
    assert_eq!(observer.observe(Event::new("new in the child")), FORKED);
    assert_eq!(observer.observe_waiting(Event::new("a")), FORKED);
    assert_eq!(observer.observe_with("a", |_| unreachable!("it is not kept")), FORKED);
    let mut built = false;
    let mut build = || {
        built = true;
        1
    };
    assert_eq!(observe!(observer, "a", n = build()), FORKED);
    assert!(!built);
    let handler = observer.on("a", |_| ());
    assert_eq!(observer.on_any(|_| ()), handler);
    assert!(!observer.remove(handler));
    observer.set_enabled(true);
    let FlushReport { dropped, .. } = observer.flush(PATIENCE);
    assert!(dropped >= 5);
    let _ = (observer.lanes(), observer.queue_bytes(), format!("{observer:?}"));
    let stats = observer.stats();
    assert_eq!(stats.dropped["forked"] - before.dropped["forked"], 5);
    assert_eq!(stats.events_processed, before.events_processed);
    assert_eq!(observer.shutdown(PATIENCE).dropped, stats.events_dropped);
    assert_eq!(observer.observe(Event::new("a")), FORKED, "a child comes before a stop");
    let last = observer.detached();
    drop(observer);
    assert_eq!(last.observe(Event::new("a")), FORKED);
}

/// A new observer handles what it is offered, also on a thread that had a lane of another.
fn a_new_one_works() {
    let observer = started();
    let handled = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&handled);
    observer.on("a", move |_| _ = count.fetch_add(1, Relaxed));
    assert_eq!(observe!(observer, "a"), Observed::Accepted);
    assert_eq!(observer.observe(Event::new("a")), Observed::Accepted);
    assert_eq!(observer.flush(PATIENCE).processed, 2);
    assert_eq!((handled.load(Relaxed), observer.stats().dropped["forked"]), (2, 0));
    assert_eq!(observer.shutdown(PATIENCE).waiting, 0);
}

#[test]
fn in_a_child_every_call_returns_at_once_whatever_the_parents_threads_were_doing() {
    alone(
        "forking::in_a_child_every_call_returns_at_once_whatever_the_parents_threads_were_doing",
        &[],
        || {
            let observer = started();
            assert_eq!(observe!(observer, "a"), Observed::Accepted, "this thread has a lane");
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                for n in 0..4 {
                    let (observer, done) = (observer.clone(), &done);
                    scope.spawn(move || {
                        for round in 0_u64.. {
                            if done.load(Relaxed) {
                                break;
                            }
                            observe!(observer, "b", n = n);
                            match round % 100 {
                                0 => _ = observer.observe(Event::new(format!("type {}", round / 100))),
                                // A thread of its own: makes a lane, and ends.
                                50 => thread::scope(|scope| _ = scope.spawn(|| observe!(observer, "c"))),
                                75 => _ = observer.remove(observer.on("c", |_| ())),
                                _ => {}
                            }
                        }
                    });
                }
                (0..200).for_each(|_| forked(|| every_call(observer.clone())));
                done.store(true, Relaxed);
            });
            let _ = observer.shutdown(PATIENCE);
            let stats = observer.stats();
            assert_eq!(stats.dropped["forked"], 0, "the parent's counts are its own");
            crate::assert_conserved(&stats);
        },
    );
}

#[test]
fn a_new_start_in_a_child_works_and_so_in_the_childs_child() {
    alone("forking::a_new_start_in_a_child_works_and_so_in_the_childs_child", &[], || {
        let observer = started();
        assert_eq!(observe!(observer, "a"), Observed::Accepted);
        // A thread that is being started, or is ending, holds locks that a start in the child needs.
        assert_eq!(observer.flush(PATIENCE).waiting, 0);
        forked(|| {
            let own = started();
            assert_eq!(observe!(own, "a"), Observed::Accepted);
            assert_eq!(own.flush(PATIENCE).waiting, 0);
            forked(|| {
                assert_eq!((observe!(observer, "a"), observe!(own, "a")), (FORKED, FORKED));
                a_new_one_works();
            });
            assert_eq!((observe!(observer, "a"), observe!(own, "a")), (FORKED, Observed::Accepted));
            a_new_one_works();
        });
        assert_eq!(observer.shutdown(PATIENCE).processed, 1);
    });
}

#[test]
fn what_waits_at_the_fork_is_handled_by_the_parent_alone() {
    alone("forking::what_waits_at_the_fork_is_handled_by_the_parent_alone", &[], || {
        let observer = started();
        let gate = hold(&observer, "hold");
        assert_eq!(observe!(observer, "hold"), Observed::Accepted);
        gate.wait_until_held();
        assert_eq!(observe!(observer, "a"), Observed::Accepted);
        forked(|| {
            let report = observer.shutdown(PATIENCE);
            assert_eq!((report.processed, report.dropped, report.waiting), (0, 0, 2));
        });
        gate.open();
        assert_eq!(observer.shutdown(PATIENCE).processed, 2);
    });
}

#[test]
fn an_event_that_is_being_built_at_the_fork_is_dropped_in_the_child() {
    alone("forking::an_event_that_is_being_built_at_the_fork_is_dropped_in_the_child", &[], || {
        let observer = started();
        let fork_in = |observe: &dyn Fn(&mut Option<sidecar_harness::process::Fork>) -> Observed| {
            let mut child = None;
            match (observe(&mut child), child) {
                (observed, Some(child)) => {
                    assert_eq!(observed, Observed::Accepted);
                    child.end();
                }
                (observed, None) => std::process::exit(i32::from(observed != FORKED)),
            }
        };
        fork_in(&|child| {
            observer.observe_with("a", |event| {
                *child = fork();
                event
            })
        });
        fork_in(&|child| {
            observe!(
                observer,
                "a",
                is_parent = {
                    *child = fork();
                    child.is_some()
                }
            )
        });
        assert_eq!(observer.shutdown(PATIENCE).processed, 2);
    });
}

#[test]
fn a_handler_that_forks_ends_the_child_when_it_returns() {
    alone("forking::a_handler_that_forks_ends_the_child_when_it_returns", &[], || {
        let observer = started();
        let handled_after = Arc::new(AtomicU64::new(0));
        let gate = hold(&observer, "hold");
        observer.on("fork", |_| fork().into_iter().for_each(sidecar_harness::process::Fork::end));
        let count = Arc::clone(&handled_after);
        let parent = std::process::id();
        observer.on_any(move |event| {
            if matches!(event.event_type(), "fork" | "after") {
                assert_eq!(std::process::id(), parent);
                count.fetch_add(1, Relaxed);
            }
        });
        assert_eq!(observe!(observer, "hold"), Observed::Accepted);
        gate.wait_until_held();
        assert_eq!(observe!(observer, "fork"), Observed::Accepted);
        assert_eq!(observe!(observer, "after"), Observed::Accepted);
        gate.open();
        eventually("both are handled", || handled_after.load(Relaxed) == 2);
        let report = observer.shutdown(PATIENCE);
        assert_eq!((report.processed, report.failed), (3, 0));
    });
}
