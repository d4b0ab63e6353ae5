//! What an observer promises.

use sidecar_observer::{Observer, ObserverStats};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

mod bounds;
mod conservation;
mod events;
mod handlers;
mod lanes;
mod macros;
#[cfg(feature = "serde")]
mod serialize;
mod shutdown;
mod waiting;

/// Far longer than anything here takes, so that a loaded machine fails no test.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// A handler that holds the worker until it is let go.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gate {
    fn hold(observer: &Observer, event_type: &str) -> Self {
        let gate = Self::default();
        let inside = gate.clone();
        observer.on(event_type, move |_| inside.enter());
        gate
    }

    fn enter(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().expect("no panic inside");
        state.0 = true;
        changed.notify_all();
        while !state.1 {
            state = changed.wait(state).expect("no panic inside");
        }
    }

    /// Waits until the worker is inside the handler.
    fn wait_until_held(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().expect("no panic inside");
        while !state.0 {
            state = changed.wait(state).expect("no panic inside");
        }
    }

    fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().expect("no panic inside").1 = true;
        changed.notify_all();
    }
}
