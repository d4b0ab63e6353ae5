//! Who wants to hear of transitions.

use crate::Transition;
use sidecar_core::panics::contain;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most listeners of one breaker at a time.
pub(crate) const MAX_LISTENERS: usize = 64;

/// A registered listener, to remove it by. No other listener in the process ever has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

impl ListenerId {
    /// Before every listener.
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn is_after(self, other: Self) -> bool {
        self.0 > other.0
    }
}

pub(crate) struct Listener {
    pub(crate) id: ListenerId,
    pub(crate) heed: Box<dyn Fn(&Transition) + Send + Sync>,
}

/// The listeners of one breaker, in the order in which they came, which is that of their ids.
#[derive(Default)]
pub(crate) struct Listeners(Vec<Arc<Listener>>);

impl Listeners {
    /// Gives a listener back that finds no room.
    pub(crate) fn add(&mut self, listener: Arc<Listener>) -> Result<(), Arc<Listener>> {
        if self.0.len() >= MAX_LISTENERS {
            return Err(listener);
        }
        self.0.push(listener);
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: ListenerId) -> Option<Arc<Listener>> {
        let place = self.0.iter().position(|listener| listener.id == id)?;
        Some(self.0.remove(place))
    }

    /// The one that came next after `id`.
    pub(crate) fn after(&self, id: ListenerId) -> Option<&Arc<Listener>> {
        self.0.iter().find(|listener| listener.id.is_after(id))
    }

    /// The id of the one that came last.
    pub(crate) fn newest(&self) -> Option<ListenerId> {
        self.0.last().map(|listener| listener.id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Listeners {
    /// One by one: what a listener owns is foreign, and its drop may panic.
    fn drop(&mut self) {
        self.0.drain(..).for_each(let_go);
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|listener| listener.id)).finish()
    }
}

/// Gives up one reference, which may be the last. Never under a lock: the drop may come back here.
pub(crate) fn let_go(listener: Arc<Listener>) {
    let _ = contain(|| drop(listener));
}
