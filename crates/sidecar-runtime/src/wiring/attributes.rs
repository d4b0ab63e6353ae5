//! Attributes and sidecars: the breakers of `#[protected]` and the operations of `#[monitor_performance]` are the
//! process's, so one sidecar at a time decides about them: of those that run the one that was started first.

use crate::sidecar::Pieces;
use crate::wiring::{breakers, operations};
use sidecar_breaker::BreakerRegistry;
use sidecar_core::SettingsError;
use sidecar_core::fork::Mark;
use sidecar_perf::PerfMonitor;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Every sidecar that runs, in the order of their starts. Held for a few instructions, never over anything foreign.
static SEATS: Mutex<Vec<Occupied>> = Mutex::new(Vec::new());

struct Occupied {
    id: u64,
    /// A child's copy of its parent's sidecars decides about nothing in the child.
    mark: Mark,
    /// Of nobody until it is composed.
    pieces: Weak<Pieces>,
}

/// A sidecar's place among those that run. When the first one is left, the next one decides.
#[must_use = "dropping it leaves the seat"]
pub(crate) struct Seat {
    id: u64,
}

impl Seat {
    pub(crate) fn take() -> Self {
        // Relaxed: it counts, and guards nothing.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Relaxed);
        let mut seats = seats();
        seats.push(Occupied { id, mark: Mark::here(), pieces: Weak::new() });
        drop(seats);
        Self { id }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// From now on the sidecar decides whenever it is the first one.
    ///
    /// # Errors
    /// None for settings that have been checked.
    pub(crate) fn occupy(&self, pieces: &Arc<Pieces>) -> Result<(), SettingsError> {
        if let Some(seat) = seats().iter_mut().find(|seat| seat.id == self.id) {
            seat.pieces = Arc::downgrade(pieces);
        }
        decide(pieces)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = seats();
        seats.retain(|seat| seat.id != self.id);
        let next = seats.first().map(|seat| Weak::clone(&seat.pieces));
        drop(seats);
        if let Some(pieces) = next.and_then(|pieces| pieces.upgrade()) {
            crate::wiring::live::told("what attributes go by", decide(&pieces));
        }
    }
}

/// Those that run in this process.
fn seats() -> MutexGuard<'static, Vec<Occupied>> {
    let mut seats = SEATS.lock().unwrap_or_else(PoisonError::into_inner);
    seats.retain(|seat| !seat.mark.is_forked());
    seats
}

/// Whether the sidecar decides about what is the process's.
pub(crate) fn is_first(id: u64) -> bool {
    seats().first().is_some_and(|seat| seat.id == id)
}

/// Has the process's breakers and operations follow the sidecar, if it is the first one.
pub(crate) fn decide(pieces: &Pieces) -> Result<(), SettingsError> {
    let common = BreakerRegistry::global();
    // Without attributes they follow only a sidecar that was given them.
    let is_asked = cfg!(feature = "macros") || pieces.breakers.is_same(common);
    while is_first(pieces.seat) {
        let config = pieces.config.current();
        if is_asked {
            breakers::give(common, config.settings())?;
            common.set_enabled(config.settings().runtime.sidecar.enabled);
        }
        PerfMonitor::global().update(|settings| operations::settings(config.settings(), settings))?;
        // Whoever loaded another one meanwhile may have been faster.
        if pieces.config.generation() == config.number() {
            break;
        }
    }
    Ok(())
}
