//! What holds at one moment: rates as configured and boosts. Replaced as a whole.

use crate::boosts::Boosts;
use crate::rates::Rates;
use crate::signal::Signal;
use sidecar_core::TypeId;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) rates: Arc<Rates>,
    pub(crate) boosts: Boosts,
}

impl Plan {
    /// The threshold of a type at a time: as configured, and as boosted.
    pub(crate) fn thresholds(&self, event_type: TypeId, name: &str, now: u64) -> (u64, u64) {
        let configured = self.rates.threshold(name);
        (configured, self.boosts.apply(configured, event_type, Signal::of(name), now))
    }
}
