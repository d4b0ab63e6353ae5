//! The handle of a heartbeat.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::engine::Engine;
use crate::pulse::Pulse;
use crate::table::Key;

/// The handle by which a part of the application says that it still gets on: see
/// [`Health::heartbeat`](crate::Health::heartbeat).
///
/// It keeps nothing running, and can be shared by reference. Dropping it is a failure, as it is what happens to
/// a worker that panics; [`retire`](Self::retire) is the only quiet end.
///
/// ```
/// use sidecar_health::Health;
/// use std::time::Duration;
///
/// let health = Health::builder().start()?;
/// let beat = health.heartbeat("consumer", Duration::from_secs(10))?;
/// for _job in 0..3 {
///     beat.beat();
/// }
/// assert!(health.is_live());
/// beat.retire();
/// assert!(health.is_live() && health.report().component("consumer").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a heartbeat that is dropped has failed"]
pub struct Heartbeat {
    pulse: Arc<Pulse>,
    clock: sidecar_core::Clock,
    engine: Weak<Engine>,
    key: Key,
}

impl Heartbeat {
    pub(crate) fn new(pulse: Arc<Pulse>, clock: sidecar_core::Clock, engine: Weak<Engine>, key: Key) -> Self {
        Self { pulse, clock, engine, key }
    }

    /// Says that it gets on: healthy from now on, for as long as its time to live. Costs the reading of the clock
    /// and two writes; takes no lock.
    pub fn beat(&self) {
        self.pulse.beat(self.clock.now());
    }

    /// Ends it for good, and takes its component out. Without effect on one of the same name that was registered
    /// after this one had been removed.
    pub fn retire(self) {
        if let Some(engine) = self.engine.upgrade() {
            engine.retire(&self.key);
        }
    }
}

impl Drop for Heartbeat {
    /// A failure, unless it was retired.
    fn drop(&mut self) {
        self.pulse.abandon();
        if let Some(engine) = self.engine.upgrade() {
            engine.notice(&self.key);
        }
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("name", &self.key.name).finish_non_exhaustive()
    }
}
