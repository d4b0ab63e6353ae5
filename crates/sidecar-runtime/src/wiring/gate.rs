//! Sampler and observer: the one decides what the other takes, within what the budget allows.

use sidecar_observer::{Admission, Admit};
use sidecar_profiler::Allowance;
use sidecar_sampler::{Decision, Sampler, TypeId};
use std::sync::Arc;

/// The sampler as the observer's admission. Both share one table of names, so ids mean the same to both.
pub(crate) struct Gate {
    pub(crate) sampler: Sampler,
    pub(crate) allowance: Arc<Allowance>,
}

impl Admit for Gate {
    fn admit(&self, event_type: TypeId) -> Admission {
        match self.sampler.decide(event_type) {
            // Throttle and allowance keep the sidecar within its budget: what they take is a loss, not a choice of the
            // user's. Only what the rates would have kept is asked for.
            Decision::Throttled => Admission::OverBudget,
            Decision::Keep(_) if !self.allowance.take() => Admission::OverBudget,
            decision => decision.kept().into(),
        }
    }
}
