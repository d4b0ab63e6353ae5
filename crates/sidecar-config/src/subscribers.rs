//! Who is told of new settings, and telling them without a lock.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use sidecar_core::panics;

use crate::generation::Generation;

/// Most subscribers of one [`Live`](crate::Live).
pub const MAX_SUBSCRIBERS: usize = 256;

type Subscriber<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// A subscriber, to be given to [`Live::unsubscribe`](crate::Live::unsubscribe). Dropping it changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subscription(u64);

pub(crate) struct Subscribers<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    latest: Arc<Generation<T>>,
    entries: Vec<Entry<T>>,
    last_id: u64,
    /// A thread is calling subscribers; it looks for more before it stops.
    delivering: bool,
}

struct Entry<T> {
    id: u64,
    call: Subscriber<T>,
    /// The generation it was told last.
    seen: u64,
}

impl<T> Subscribers<T> {
    pub(crate) fn new(latest: Arc<Generation<T>>) -> Self {
        Self { state: Mutex::new(State { latest, entries: Vec::new(), last_id: 0, delivering: false }) }
    }

    pub(crate) fn add(&self, call: Subscriber<T>) -> Option<Subscription> {
        let mut state = self.state.lock();
        if state.entries.len() >= MAX_SUBSCRIBERS {
            return None;
        }
        state.last_id += 1;
        let (id, seen) = (state.last_id, state.latest.number);
        state.entries.push(Entry { id, call, seen });
        Some(Subscription(id))
    }

    pub(crate) fn remove(&self, subscription: Subscription) -> bool {
        let mut state = self.state.lock();
        let at = state.entries.iter().position(|entry| entry.id == subscription.0);
        let removed = at.map(|at| state.entries.remove(at));
        // Its captures are the caller's: they are dropped after the lock.
        drop(state);
        removed.is_some()
    }

    /// What subscribers are to be told from now on.
    pub(crate) fn publish(&self, latest: Arc<Generation<T>>) {
        let before = std::mem::replace(&mut self.state.lock().latest, latest);
        drop(before);
    }

    /// Calls everybody who has not seen the latest generation, unless another thread is at it: that one then does.
    pub(crate) fn deliver(&self) {
        if std::mem::replace(&mut self.state.lock().delivering, true) {
            return;
        }
        while let Some((call, latest)) = self.next() {
            // What it says is its own affair: the others are told all the same.
            let _ = panics::contain(|| call(&latest.settings));
        }
    }

    /// The next call, noted as made; with the last one the delivery has ended.
    fn next(&self) -> Option<(Subscriber<T>, Arc<Generation<T>>)> {
        let mut state = self.state.lock();
        let latest = Arc::clone(&state.latest);
        let due = state.entries.iter_mut().find(|entry| entry.seen < latest.number);
        let due = due.map(|entry| {
            entry.seen = latest.number;
            Arc::clone(&entry.call)
        });
        state.delivering = due.is_some();
        due.map(|call| (call, latest))
    }
}

impl<T> fmt::Debug for Subscribers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribers").field("count", &self.state.lock().entries.len()).finish_non_exhaustive()
    }
}
