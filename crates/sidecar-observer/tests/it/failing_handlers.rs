//! Handlers that panic again and again: suspended, and let back.

use crate::assert_conserved;
use sidecar_core::Clock;
use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, HandlerState, Observed, Observer, ObserverBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(30);

/// An observer on a clock that stands still, with a handler for `e` that panics while it is told to.
struct Rig {
    observer: Observer,
    time: Arc<sidecar_core::clock::Mock>,
    is_bad: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
}

impl Rig {
    fn new(settings: impl FnOnce(ObserverBuilder) -> ObserverBuilder) -> Self {
        let (clock, time) = Clock::mock();
        let observer = settings(Observer::builder().clock(clock)).start().expect("valid settings");
        let (is_bad, calls) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        let (bad, count) = (Arc::clone(&is_bad), Arc::clone(&calls));
        observer.on("e", move |_| {
            count.fetch_add(1, SeqCst);
            assert!(!bad.load(SeqCst), "a handler fails, as it was told to");
        });
        Self { observer, time, is_bad, calls }
    }

    /// Calls of the handler, out of so many events.
    fn calls_of(&self, events: u64) -> u64 {
        let before = self.calls.load(SeqCst);
        for _ in 0..events {
            assert_eq!(self.observer.observe_waiting(Event::new("e")), Observed::Accepted);
        }
        assert_eq!(self.observer.flush(PATIENCE).waiting, 0);
        self.calls.load(SeqCst) - before
    }

    fn state(&self) -> HandlerState {
        self.observer.handlers()[0].state
    }
}

#[test]
fn a_handler_that_panics_ten_times_in_a_row_is_suspended_for_half_a_minute() {
    let rig = Rig::new(|builder| builder);
    assert_eq!(rig.calls_of(9), 9);
    assert_eq!(rig.state(), HandlerState::Active);
    assert_eq!(rig.calls_of(4), 1);
    assert_eq!(rig.state(), HandlerState::Suspended);
    rig.time.increment(PAUSE - Duration::from_nanos(1));
    assert_eq!(rig.calls_of(2), 0);

    let stats = rig.observer.stats();
    assert_eq!((stats.failed, stats.events_processed, stats.errors, stats.skipped_calls), (15, 0, 10, 5));
    let account = &rig.observer.handlers()[0];
    assert_eq!((account.panics, account.skipped, account.hung), (10, 5, 0));
    assert_eq!(account.event_type.as_deref(), Some("e"));
    assert_conserved(&stats);
}

#[test]
fn after_the_suspension_one_call_decides() {
    let rig = Rig::new(|builder| builder.suspend_after(2).suspend_for(PAUSE));
    assert_eq!(rig.calls_of(5), 2);
    rig.time.increment(PAUSE);
    assert_eq!(rig.calls_of(5), 1, "one more panic renews it");
    assert_eq!(rig.state(), HandlerState::Suspended);
    rig.time.increment(PAUSE);
    rig.is_bad.store(false, SeqCst);
    assert_eq!(rig.calls_of(5), 5, "one call that returns lifts it");
    assert_eq!(rig.state(), HandlerState::Active);
    rig.is_bad.store(true, SeqCst);
    assert_eq!(rig.calls_of(5), 2, "and the count begins anew");
}

#[test]
fn panics_that_are_not_in_a_row_suspend_nobody() {
    let rig = Rig::new(|builder| builder.suspend_after(2));
    for is_bad in [true, false].repeat(5) {
        rig.is_bad.store(is_bad, SeqCst);
        assert_eq!(rig.calls_of(1), 1);
    }
    assert_eq!(rig.state(), HandlerState::Active);
}

#[test]
fn a_suspended_handler_takes_no_other_along() {
    let rig = Rig::new(|builder| builder.suspend_after(1));
    let reached = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&reached);
    rig.observer.on_any(move |_| {
        count.fetch_add(1, SeqCst);
    });
    assert_eq!(rig.calls_of(7), 1);
    assert_eq!(reached.load(SeqCst), 7);
    let states: Vec<_> = rig.observer.handlers().iter().map(|handler| handler.state).collect();
    assert_eq!(states, [HandlerState::Suspended, HandlerState::Active]);
}

#[test]
fn limits_out_of_range_are_refused_by_name() {
    type Setting = fn(ObserverBuilder) -> ObserverBuilder;
    let settings: [(Setting, &str); 5] = [
        (|builder| builder.handler_timeout(Duration::from_millis(9)), "handler_timeout"),
        (|builder| builder.handler_timeout(Duration::from_secs(3_601)), "handler_timeout"),
        (|builder| builder.suspend_after(0), "suspend_after"),
        (|builder| builder.suspend_for(Duration::ZERO), "suspend_for"),
        (|builder| builder.suspend_for(Duration::MAX), "suspend_for"),
    ];
    for (setting, name) in settings {
        let error = setting(Observer::builder()).start().expect_err("out of range").to_string();
        assert!(error.contains(name), "{error}");
    }
}
