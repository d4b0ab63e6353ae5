//! Process-wide numbers for breakers, so that a rejection can be `Copy` and still be shown by name.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One entry per living breaker; the bound is theirs.
static NAMES: Mutex<BTreeMap<u64, Arc<str>>> = Mutex::new(BTreeMap::new());

fn names() -> MutexGuard<'static, BTreeMap<u64, Arc<str>>> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name and number of one breaker. The number is never used again.
#[derive(Debug)]
pub(crate) struct Identity {
    id: u64,
    name: Arc<str>,
}

impl Identity {
    pub(crate) fn new(name: Arc<str>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        names().insert(id, Arc::clone(&name));
        Self { id, name }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        names().remove(&self.id);
    }
}

/// The name of the breaker with this number, while it exists.
pub(crate) fn name_of(id: u64) -> Option<Arc<str>> {
    names().get(&id).cloned()
}
