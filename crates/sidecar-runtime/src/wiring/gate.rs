//! Sampler and observer: the one decides what the other takes.

use sidecar_observer::{Admission, Admit};
use sidecar_sampler::{Decision, Sampler, TypeId};

/// The sampler as the observer's admission. Both share one table of names, so ids mean the same to both.
pub(crate) struct Gate(pub(crate) Sampler);

impl Admit for Gate {
    fn admit(&self, event_type: TypeId) -> Admission {
        match self.0.decide(event_type) {
            // The throttle keeps the sidecar within its budget: what it takes is a loss, not a choice of the user's.
            Decision::Throttled => Admission::OverBudget,
            decision => decision.kept().into(),
        }
    }
}
