//! The decision whether to keep an event, made by whoever is asked.

use sidecar_core::{Probability, TypeId};

/// Decides, before any field is built, whether an event is kept.
///
/// Called on the host's thread for every event: it must not block, allocate or panic.
pub trait Admit: Send + Sync {
    /// `None`: not kept. Otherwise the probability with which that was decided, fixed before the draw.
    fn admit(&self, event_type: TypeId) -> Option<Probability>;
}

/// Keeps every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepAll;

impl Admit for KeepAll {
    fn admit(&self, _: TypeId) -> Option<Probability> {
        Some(Probability::CERTAIN)
    }
}

impl<F: Fn(TypeId) -> Option<Probability> + Send + Sync> Admit for F {
    fn admit(&self, event_type: TypeId) -> Option<Probability> {
        self(event_type)
    }
}
