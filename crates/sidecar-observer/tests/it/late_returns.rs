//! Calls that return, or panic, after they were left behind: they change nothing.

use crate::assert_conserved;
use sidecar_harness::{Gate, PATIENCE, eventually};
use sidecar_observer::{Event, HandlerState, Observed, Observer};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Counts the threads that have ended, of those it was left on.
struct Ends(Arc<AtomicU64>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

thread_local! {
    static ENDS: RefCell<Option<Ends>> = const { RefCell::new(None) };
}

/// Panics without the hook, which on a busy machine may take longer to print than a call may last.
fn unwind() {
    std::panic::resume_unwind(Box::new("a handler fails, as it was told to"));
}

/// An observer whose only handler panics at once so many times, and is then left behind four times. Those calls end
/// at last as `end` does, and so do their threads.
fn after_late_ends(panics: u64, end: fn()) -> Observer {
    let settings = Observer::builder().handler_timeout(Duration::from_millis(300)).suspend_after(2);
    let observer = settings.start().expect("valid settings");
    let (gate, calls, ended) = (Gate::default(), AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
    let (inside, ends) = (gate.clone(), Arc::clone(&ended));
    observer.on("e", move |_| {
        if calls.fetch_add(1, SeqCst) < panics {
            unwind();
        }
        ENDS.set(Some(Ends(Arc::clone(&ends))));
        inside.enter();
        end();
    });
    for _ in 0..panics + 4 {
        assert_eq!(observer.observe_waiting(Event::new("e")), Observed::Accepted);
        assert_eq!(observer.flush(PATIENCE).waiting, 0);
    }
    assert_eq!(observer.handlers()[0].state, HandlerState::Refused);
    gate.open();
    eventually("the threads that were left behind have ended", || ended.load(SeqCst) == 4);
    observer
}

/// It is refused as before, each call counts once, and no event is settled twice.
fn nothing_has_changed(observer: &Observer, panics: u64) {
    let account = &observer.handlers()[0];
    assert_eq!((account.state, account.panics, account.hung), (HandlerState::Refused, panics, 4));
    let stats = observer.stats();
    assert_eq!((stats.errors, stats.failed, stats.events_processed), (panics + 4, panics + 4, 0));
    assert_conserved(&stats);
}

#[test]
fn a_refused_handler_whose_calls_return_after_all_stays_refused() {
    nothing_has_changed(&after_late_ends(1, || ()), 1);
}

#[test]
fn calls_that_panic_after_they_were_left_behind_are_not_counted_again() {
    nothing_has_changed(&after_late_ends(0, unwind), 0);
}
