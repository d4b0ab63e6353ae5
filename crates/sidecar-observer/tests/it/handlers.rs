//! Handlers: which are called, and what their failures do.

use crate::assert_conserved;
use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observed, Observer, Reason};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};

#[test]
fn handlers_of_the_type_run_before_those_of_all_types() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let log = Arc::new(Mutex::new(Vec::new()));
    for (event_type, name) in
        [(None, "any"), (Some("a"), "first a"), (Some("a"), "second a"), (Some("b"), "b")]
    {
        let log = Arc::clone(&log);
        let handler = move |_: &Event| log.lock().expect("no panic").push(name);
        match event_type {
            Some(event_type) => observer.on(event_type, handler),
            None => observer.on_any(handler),
        };
    }
    observer.observe(Event::new("a"));
    let _ = observer.flush(PATIENCE);
    assert_eq!(*log.lock().expect("no panic"), ["first a", "second a", "any"]);
}

#[test]
fn a_panicking_handler_costs_its_own_event_only() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    observer.on("bad", |_| panic!("bad"));
    observer.on_any(move |_| {
        count.fetch_add(1, SeqCst);
    });
    for _ in 0..10 {
        observer.observe(Event::new("bad"));
        observer.observe(Event::new("good"));
    }
    let report = observer.flush(PATIENCE);
    assert_eq!((report.processed, report.failed), (10, 10));
    assert_eq!(reached.load(SeqCst), 20, "the other handlers still see the event");
    assert_eq!(observer.stats().errors, 10);
    assert_conserved(&observer.stats());
}

#[test]
fn a_removed_handler_is_called_no_more() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let id = observer.on("a", move |_| {
        count.fetch_add(1, SeqCst);
    });
    observer.observe(Event::new("a"));
    let _ = observer.flush(PATIENCE);
    assert!(observer.remove(id));
    assert!(!observer.remove(id));
    observer.observe(Event::new("a"));
    let _ = observer.flush(PATIENCE);
    assert_eq!(calls.load(SeqCst), 1);
}

#[test]
fn a_handler_that_observes_is_refused_instead_of_feeding_itself() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let answer = Arc::new(OnceLock::new());
    let (handle, kept) = (observer.detached(), Arc::clone(&answer));
    observer.on("a", move |_| {
        let _ = kept.set((handle.observe(Event::new("a")), handle.observe_waiting(Event::new("a"))));
        let _ = handle.flush(PATIENCE);
    });
    observer.observe(Event::new("a"));
    assert_eq!(observer.flush(PATIENCE).processed, 1);
    let refused = Observed::Dropped(Reason::Reentrant);
    assert_eq!(answer.get(), Some(&(refused, refused)));
    assert_conserved(&observer.stats());
}

#[test]
fn a_handler_may_observe_on_another_observer() {
    let second = Observer::builder().start().expect("defaults are valid");
    let first = Observer::builder().start().expect("defaults are valid");
    let target = second.clone();
    first.on("a", move |_| assert_eq!(target.observe(Event::new("b")), Observed::Accepted));
    first.observe(Event::new("a"));
    assert_eq!(first.flush(PATIENCE).processed, 1);
    assert_eq!(second.flush(PATIENCE).processed, 1);
}

#[test]
fn a_closure_that_panics_while_building_fields_does_not_reach_the_host() {
    let observer = Observer::builder().start().expect("defaults are valid");
    assert_eq!(observer.observe_with("a", |_| panic!("no fields")), Observed::Accepted);
    assert_eq!(observer.flush(PATIENCE).processed, 1);
    assert_eq!(observer.stats().errors, 1);
    assert_conserved(&observer.stats());
}

/// Makes a closure capture `value`, and does nothing with it.
fn hold<T>(value: &T) {
    std::hint::black_box(value);
}

/// Runs its closure when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_handler_that_panics_when_dropped_takes_neither_worker_nor_host_along() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let (handle, own) = (observer.detached(), Arc::new(OnceLock::new()));
    let id = Arc::clone(&own);
    let bomb = OnDrop(|| panic!("dropped"));
    let registered = observer.on("a", move |_| {
        hold(&bomb);
        // The worker is the last to hold the handler then, and drops it.
        handle.remove(*id.get().expect("set before the first event"));
    });
    own.set(registered).expect("only set here");
    observer.observe_waiting(Event::new("a"));
    assert_eq!(observer.flush(PATIENCE).processed, 1);
    let bomb = OnDrop(|| panic!("dropped"));
    let second = observer.on("b", move |_| hold(&bomb));
    assert!(observer.remove(second), "this time the host's thread drops it");
    observer.observe_waiting(Event::new("a"));
    assert_eq!(observer.flush(PATIENCE).processed, 2, "the worker goes on");
}

#[test]
fn a_handler_whose_drop_registers_another_does_not_deadlock() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let handle = observer.detached();
    let reborn = OnDrop(move || {
        handle.on("again", |_| ());
    });
    let id = observer.on("a", move |_| hold(&reborn));
    assert!(observer.remove(id));
}

#[test]
fn handlers_are_let_go_once_the_observer_has_stopped() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let held = Arc::new(());
    let (inside, handle) = (Arc::clone(&held), observer.detached());
    observer.on_any(move |_| hold(&(&inside, &handle)));
    let _ = observer.shutdown(PATIENCE);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_handler_that_comes_too_late_is_let_go() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let _ = observer.shutdown(PATIENCE);
    let held = Arc::new(());
    let (inside, handle) = (Arc::clone(&held), observer.detached());
    let id = observer.on_any(move |_| hold(&(&inside, &handle)));
    assert_eq!((Arc::strong_count(&held), observer.handlers().len()), (1, 0));
    assert!(!observer.remove(id));
}

#[test]
fn a_handler_that_is_one_too_many_may_panic_when_dropped() {
    let observer = Observer::builder().start().expect("defaults are valid");
    (0..1_024).for_each(|_| {
        observer.on("a", |_| ());
    });
    let bomb = OnDrop(|| panic!("dropped"));
    let id = observer.on("a", move |_| hold(&bomb));
    assert!(!observer.remove(id));
    assert_eq!(observer.handlers().len(), 1_024);
}

#[test]
fn latency_is_recorded_for_every_event() {
    let observer = Observer::builder().start().expect("defaults are valid");
    (0..5).for_each(|_| {
        observer.observe(Event::new("a"));
    });
    let _ = observer.flush(PATIENCE);
    assert_eq!(observer.stats().latency_ms.count(), 5);
}
