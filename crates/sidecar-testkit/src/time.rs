//! Time that a test moves.

use sidecar_core::Clock;
use sidecar_core::clock::Mock;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A clock that stands still until it is moved. Clones are the same clock.
///
/// ```
/// use sidecar_testkit::VirtualClock;
/// use std::time::Duration;
///
/// let time = VirtualClock::new();
/// let clock = time.clock();
/// let before = clock.now();
/// time.advance(Duration::from_secs(3_600));
/// assert_eq!(clock.now() - before, 3_600_000_000_000);
/// ```
#[derive(Clone)]
pub struct VirtualClock {
    clock: Clock,
    hand: Arc<Mock>,
}

impl VirtualClock {
    /// A clock of its own, at its origin.
    #[must_use]
    pub fn new() -> Self {
        let (clock, hand) = Clock::mock();
        Self { clock, hand }
    }

    /// What a builder's `.clock(..)` takes. Builders that take anything that becomes a clock take `&VirtualClock` too.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The time, in nanoseconds, which is what a piece's `tick(now)` takes.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Moves the clock on, for everybody who reads it.
    pub fn advance(&self, by: Duration) {
        self.hand.increment(by);
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&VirtualClock> for Clock {
    fn from(time: &VirtualClock) -> Self {
        time.clock()
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualClock").field("now", &Duration::from_nanos(self.now())).finish()
    }
}
