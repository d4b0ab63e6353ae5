//! A subscriber to the log that does not return.

use crate::assert_conserved;
use sidecar_harness::process::alone;
use sidecar_harness::{Gate, PATIENCE};
use sidecar_observer::{Event, HandlerState, Observed, Observer};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

/// Holds whoever logs.
struct Hangs(Gate);

impl Subscriber for Hangs {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        self.0.enter();
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// More handlers fail than threads may be left behind, and each failure is worth a message.
#[test]
fn a_log_that_hangs_costs_one_thread_and_no_handler_its_good_name() {
    alone("hung_log::a_log_that_hangs_costs_one_thread_and_no_handler_its_good_name", &[], || {
        let log = Gate::default();
        tracing::subscriber::set_global_default(Hangs(log.clone())).expect("the first one");
        let settings = Observer::builder().handler_timeout(Duration::from_millis(300)).suspend_after(1);
        let observer = settings.start().expect("valid settings");
        let reached = Arc::new(AtomicU64::new(0));
        for n in 0..20 {
            let count = Arc::clone(&reached);
            observer.on(&n.to_string(), |_| {
                // Without the hook, which may take longer to print than a call may last.
                resume_unwind(Box::new("a handler fails, as it was told to"));
            });
            observer.on(&n.to_string(), move |_| {
                count.fetch_add(1, SeqCst);
            });
        }
        for n in 0..20 {
            assert_eq!(observer.observe_waiting(Event::new(n.to_string())), Observed::Accepted);
        }
        assert_eq!(observer.flush(PATIENCE / 2).waiting, 0);
        assert_eq!(reached.load(SeqCst), 20, "the event's other handler is called all the same");
        let (failed, well): (Vec<_>, Vec<_>) =
            observer.handlers().into_iter().partition(|handler| handler.panics > 0);
        assert_eq!((failed.len(), well.len()), (20, 20));
        assert!(failed.iter().all(|handler| handler.state == HandlerState::Suspended && handler.hung == 0));
        assert_conserved(&observer.stats());
        log.open();
        assert_eq!(observer.shutdown(PATIENCE).failed, 20);
    });
}
