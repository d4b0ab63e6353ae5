//! The decision whether to keep an event, made by whoever is asked.

use sidecar_core::{Probability, TypeId};

/// What is decided about an event before any of it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It is kept; with the probability with which that was decided, fixed before the draw.
    Keep(Probability),
    /// It is not kept, by design: it counts as sampled out.
    SampledOut,
    /// Its rate would have kept it, a budget did not: it counts as dropped, with the reason `budget`. The
    /// probability of those that are kept meanwhile includes this.
    OverBudget,
}

/// `None`: sampled out.
impl From<Option<Probability>> for Admission {
    #[inline]
    fn from(kept: Option<Probability>) -> Self {
        kept.map_or(Self::SampledOut, Self::Keep)
    }
}

/// Decides, before any field is built, whether an event is kept.
///
/// Called on the host's thread for every event: it must not block, allocate or panic. A closure may answer with an
/// [`Admission`], or with an `Option<Probability>` if it knows no budget.
pub trait Admit: Send + Sync {
    /// What becomes of an event of this type.
    fn admit(&self, event_type: TypeId) -> Admission;
}

/// Keeps every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepAll;

impl Admit for KeepAll {
    fn admit(&self, _: TypeId) -> Admission {
        Admission::Keep(Probability::CERTAIN)
    }
}

impl<F, A> Admit for F
where
    F: Fn(TypeId) -> A + Send + Sync,
    A: Into<Admission>,
{
    fn admit(&self, event_type: TypeId) -> Admission {
        self(event_type).into()
    }
}
