//! What an observer promises.

use sidecar_harness::Gate;
use sidecar_observer::{Observer, ObserverStats};

mod allocations;
mod bounds;
mod conservation;
mod dating;
mod estimates;
mod events;
mod failing_handlers;
#[cfg(unix)]
mod forking;
mod handlers;
mod hung_handlers;
mod hung_log;
mod lanes;
mod late_returns;
mod macros;
mod redaction;
#[cfg(feature = "serde")]
mod serialize;
mod shutdown;
mod system_calls;
mod truncation;
mod updating;
mod waiting;

/// Received = sampled out + dropped + processed + failed + waiting, in all and for every type.
fn assert_conserved(stats: &ObserverStats) {
    let settled = stats.sampled_out + stats.events_dropped + stats.events_processed + stats.failed;
    assert_eq!(stats.events_received, settled + stats.queue_size as u64, "{stats:#?}");
    assert_eq!(stats.events_dropped, stats.dropped.values().sum::<u64>());
    assert_eq!(stats.events_received, stats.by_type.values().map(|row| row.received).sum::<u64>());
    if stats.queue_size == 0 {
        for (name, row) in &stats.by_type {
            let dropped: u64 = row.dropped.values().sum();
            assert_eq!(row.received, row.sampled_out + dropped + row.processed + row.failed, "{name}");
        }
    }
}

/// Holds the worker inside a handler of this event type, until the gate is opened.
fn hold(observer: &Observer, event_type: &str) -> Gate {
    let gate = Gate::default();
    let inside = gate.clone();
    observer.on(event_type, move |_| inside.enter());
    gate
}
