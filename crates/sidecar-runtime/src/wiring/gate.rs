//! Sampler and observer: the one decides what the other takes.

use sidecar_observer::Admit;
use sidecar_sampler::{Probability, Sampler, TypeId};

/// The sampler as the observer's admission. Both share one table of names, so ids mean the same to both.
pub(crate) struct Gate(pub(crate) Sampler);

impl Admit for Gate {
    fn admit(&self, event_type: TypeId) -> Option<Probability> {
        self.0.sample(event_type)
    }
}
