//! How long a state set by hand lasts, and why it was set.

use sidecar_core::clock::nanos;
use std::sync::Arc;
use std::time::Duration;

/// Longest reason kept, in bytes; a longer one is cut at a character.
const MAX_REASON_BYTES: usize = 256;

/// The time to live and the reason of a state set by hand.
///
/// ```
/// # use sidecar_breaker::{Breaker, Hold, State};
/// # use std::time::Duration;
/// let breaker = Breaker::builder("payments").build()?;
/// breaker.force_open_with(Hold::new().ttl(Duration::from_secs(600)).reason("maintenance"));
/// assert_eq!(breaker.state(), State::ForcedOpen);
/// # Ok::<(), sidecar_breaker::SettingsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Hold {
    ttl: Option<Duration>,
    reason: Option<Arc<str>>,
}

impl Hold {
    /// Without end and without reason.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// When this has passed, the breaker is closed with an empty window. Defaults to no end.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Shown in the snapshot and on the transition; cut after 256 bytes. Defaults to none.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason[..reason.floor_char_boundary(MAX_REASON_BYTES)].into());
        self
    }

    pub(crate) fn into_parts(self) -> (Option<u64>, Option<Arc<str>>) {
        (self.ttl.map(nanos), self.reason)
    }
}
