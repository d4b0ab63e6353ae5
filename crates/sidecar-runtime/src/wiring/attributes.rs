//! Attributes and sidecars: the breakers of `#[protected]` and the operations of `#[monitor_performance]` are the
//! process's, so one sidecar at a time decides about them: of those that run the one that was started first.

use crate::config::SidecarConfig;
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
        seats().retain(|seat| seat.id != self.id);
        crate::wiring::live::told("what attributes go by", settle(follow));
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

/// The first one, unless it is being started.
fn first() -> Option<Arc<Pieces>> {
    let pieces = seats().first().map(|seat| Weak::clone(&seat.pieces))?;
    pieces.upgrade()
}

/// Has the process's breakers and operations follow the sidecar, if it is the first one.
pub(crate) fn decide(pieces: &Pieces) -> Result<(), SettingsError> {
    if is_first(pieces.seat) { settle(follow) } else { Ok(()) }
}

/// Calls `follow` for the first sidecar until that is still the first one afterwards, with the same configuration. So
/// whoever was overtaken, by a stop or by another reload, puts right what it has written too late.
fn settle(
    mut follow: impl FnMut(&Pieces, &SidecarConfig) -> Result<(), SettingsError>,
) -> Result<(), SettingsError> {
    while let Some(pieces) = first() {
        let config = pieces.config.current();
        follow(&pieces, config.settings())?;
        if is_first(pieces.seat) && pieces.config.generation() == config.number() {
            break;
        }
    }
    Ok(())
}

fn follow(pieces: &Pieces, config: &SidecarConfig) -> Result<(), SettingsError> {
    let common = BreakerRegistry::global();
    // Without attributes they follow only a sidecar that was given them.
    if cfg!(feature = "macros") || pieces.breakers.is_same(common) {
        breakers::give(common, config)?;
        common.set_enabled(config.runtime.sidecar.enabled);
    }
    PerfMonitor::global().update(|settings| operations::settings(config, settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sidecar;
    use sidecar_harness::process::alone;

    fn started(percentile: f64) -> Sidecar {
        let mut config = SidecarConfig::default();
        config.observability.performance.percentiles = vec![percentile];
        Sidecar::builder().config(config).start().expect("valid settings")
    }

    #[test]
    fn a_reload_that_a_stop_overtakes_does_not_win() {
        alone("wiring::attributes::tests::a_reload_that_a_stop_overtakes_does_not_win", &[], || {
            let mut first = Some(started(0.1));
            let _second = started(0.2);
            let mut written = 0;
            let settled = settle(|pieces, config| {
                written += 1;
                // It stops, and the second one takes over, before this is written.
                drop(first.take());
                follow(pieces, config)
            });
            let percentiles = PerfMonitor::global().settings().percentiles.clone();
            assert_eq!((settled, written, &*percentiles), (Ok(()), 2, &[0.2][..]));
        });
    }
}
