//! A subscriber is the host's code: its panics stay with it.

use crate::script::{Next, Scene, reading};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Counts the events and panics at each.
struct Panicking(Arc<AtomicU64>);

impl Subscriber for Panicking {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, SeqCst);
        panic!("the subscriber panics");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_that_panics_reaches_neither_the_host_nor_the_next_reading() {
    let events = Arc::new(AtomicU64::new(0));
    tracing::subscriber::with_default(Panicking(Arc::clone(&events)), || {
        let scene = Scene::new();
        scene.after(Duration::from_secs(1), Next::Fails);
        scene.profiler.account("panicking", || panic!("the account panics")).expect("room");
        scene.a_second_later(reading(2_000, 64));
        scene.sets(Next::Panics);
        scene.profiler.refresh();
        scene.sets(Next::Fails);
        scene.profiler.refresh();
        assert_eq!((scene.reads(), scene.profiler.snapshot().failed_readings), (5, 4));
    });
    assert_eq!(events.load(SeqCst), 3, "at the first, second and fourth failure");
}
