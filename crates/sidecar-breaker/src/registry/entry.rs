//! One breaker in a registry, and who has to go when there is no room.

use super::tenure::Tenure;
use crate::Breaker;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The breakers of a registry at one moment. A copy shares the entries.
pub(crate) type Entries = HashMap<Arc<str>, Arc<Entry>>;

/// Its breaker handle is the registry's only one, in however many copies of the table the entry is.
pub(crate) struct Entry {
    breaker: Breaker,
    follows: bool,
    last_use: AtomicU64,
    tenure: Tenure,
}

impl Entry {
    pub(crate) fn new(breaker: Breaker, follows: bool, now: u64) -> Self {
        Self { breaker, follows, last_use: AtomicU64::new(now), tenure: Tenure::new() }
    }

    /// For looking; a handle that is to be kept comes from [`take`](Self::take).
    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Whether it has the registry's defaults where it was given nothing.
    pub(crate) fn follows(&self) -> bool {
        self.follows
    }

    pub(crate) fn use_now(&self, now: u64) {
        // Relaxed: a use that eviction does not see yet happens at the same time.
        self.last_use.store(now, Ordering::Relaxed);
    }

    /// A handle; `None` if the breaker was thrown out.
    pub(crate) fn take(&self) -> Option<Breaker> {
        let taken = self.breaker.clone();
        self.tenure.holds().then_some(taken)
    }

    /// Whether it was thrown out of the registry, though a table that is being read may still hold it.
    pub(crate) fn is_gone(&self) -> bool {
        self.tenure.is_over()
    }

    /// Whether nobody holds a handle or a permit, and the breaker is as good as new but for its totals.
    ///
    /// New handles come from the registry or from other handles, so of a breaker with one handle, the registry's,
    /// only those who take from the registry can make more: that is what the tenure settles.
    fn may_go(&self) -> bool {
        Arc::strong_count(&self.breaker.circuit) == 1 && self.breaker.circuit.is_idle()
    }
}

/// Throws out the breaker that may be forgotten and was asked for longest ago; returns its name. Only for the one
/// who changes the table, which is then to be published without that name.
pub(crate) fn evict(entries: &Entries) -> Option<Arc<str>> {
    // Read once: uses go on meanwhile, and sorting needs keys that stand still.
    let mut by_use: Vec<_> =
        entries.iter().map(|(name, entry)| (entry.last_use.load(Ordering::Relaxed), name, entry)).collect();
    by_use.sort_unstable_by_key(|(last_use, ..)| *last_use);
    let gone = by_use.into_iter().find(|(_, _, entry)| entry.tenure.end(|| entry.may_go()));
    gone.map(|(_, name, _)| Arc::clone(name))
}
