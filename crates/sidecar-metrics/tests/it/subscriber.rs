//! A log subscriber that panics.

use sidecar_metrics::MetricsCollector;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tracing::span;

/// Panics at every event, after counting it.
struct Panicking(Arc<AtomicUsize>);

impl tracing::Subscriber for Panicking {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("in the subscriber");
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_subscriber_that_panics_costs_neither_the_call_nor_the_reading() {
    let told = Arc::new(AtomicUsize::new(0));
    let metrics = MetricsCollector::new();
    tracing::subscriber::with_default(Panicking(Arc::clone(&told)), || {
        metrics.increment("a.b", &[]);
        metrics.register_source(|out| {
            out.gauge("bad name", "");
            out.gauge("good_name", "").sample(&[], 1);
        });
        assert_eq!(metrics.value("good_name", &[]), Some(1.0));
    });
    assert_eq!((metrics.errors(), told.load(Ordering::SeqCst)), (2, 2));
}
