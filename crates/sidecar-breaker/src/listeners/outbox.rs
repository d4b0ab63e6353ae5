//! Transitions on their way to the listeners of one breaker.

use super::delivery::{DELIVERY, Delivery};
use super::table::{Listener, ListenerId, Listeners, let_go};
use crate::Transition;
use sidecar_core::panics::contain;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most transitions of one breaker that wait.
pub(crate) const MAX_WAITING: usize = 64;

/// Filled under the lock of the breaker's machine, so that transitions lie in it in the order of their numbers;
/// emptied by one delivery thread at a time, so that they leave it in that order.
///
/// The breaker and the delivery share it. It outlives a breaker of which transitions still wait.
#[derive(Debug)]
pub(crate) struct Outbox {
    delivery: &'static Delivery,
    /// Whether to look at all: what spares a breaker without listeners the lock.
    has_listeners: AtomicBool,
    /// Whether something was put in that the delivery has not been told of.
    is_unannounced: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    listeners: Listeners,
    waiting: VecDeque<Waiting>,
    /// Whether the delivery has this outbox, waiting or in the hands of a thread.
    is_scheduled: bool,
    counts: ListenerCounts,
}

#[derive(Debug)]
struct Waiting {
    transition: Transition,
    /// The last listener that was there when it happened; later ones do not hear of it.
    newest: ListenerId,
}

/// What became of transitions that did not go well.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListenerCounts {
    /// Transitions given up because too many waited.
    pub(crate) unheard: u64,
    /// Calls of listeners that panicked.
    pub(crate) panics: u64,
}

impl Outbox {
    pub(crate) fn new() -> Arc<Self> {
        Self::of(&DELIVERY)
    }

    pub(crate) fn of(delivery: &'static Delivery) -> Arc<Self> {
        Arc::new(Self {
            delivery,
            has_listeners: AtomicBool::new(false),
            is_unannounced: AtomicBool::new(false),
            inner: Mutex::default(),
        })
    }

    pub(crate) fn add(&self, heed: Box<dyn Fn(&Transition) + Send + Sync>) -> ListenerId {
        let (id, refused) = {
            let mut inner = self.lock();
            // Under the lock, so that ids ascend in the list.
            let id = ListenerId::next();
            let refused = inner.listeners.add(Arc::new(Listener { id, heed })).err();
            self.has_listeners.store(true, Ordering::Relaxed);
            (id, refused)
        };
        match refused {
            Some(listener) => let_go(listener),
            None => self.delivery.prepare(),
        }
        id
    }

    pub(crate) fn remove(&self, id: ListenerId) -> bool {
        let removed = {
            let mut inner = self.lock();
            let removed = inner.listeners.remove(id);
            if inner.listeners.is_empty() {
                inner.waiting.clear();
                self.has_listeners.store(false, Ordering::Relaxed);
            }
            removed
        };
        removed.map(let_go).is_some()
    }

    pub(crate) fn counts(&self) -> ListenerCounts {
        self.lock().counts
    }

    /// Only for the holder of the machine's lock, who then calls [`announce`](Self::announce) without it.
    pub(crate) fn push(&self, transition: &Transition) {
        // Relaxed, here and where it is stored: who added a listener before this call sees its own store, and who
        // adds one meanwhile cannot tell which came first.
        if !self.has_listeners.load(Ordering::Relaxed) {
            return;
        }
        let mut inner = self.lock();
        let Some(newest) = inner.listeners.newest() else { return };
        if inner.waiting.len() == MAX_WAITING {
            inner.waiting.pop_front();
            inner.counts.unheard += 1;
        }
        inner.waiting.push_back(Waiting { transition: transition.clone(), newest });
        // Relaxed: stored under the lock, under which it is judged.
        self.is_unannounced.store(true, Ordering::Relaxed);
    }

    /// Has what was pushed delivered: by any thread, at any time after the push, outside every lock.
    pub(crate) fn announce(self: &Arc<Self>) {
        // Relaxed: the pushing thread sees its own store, unless another thread has announced for it.
        if !self.is_unannounced.load(Ordering::Relaxed) {
            return;
        }
        let begins = {
            let mut inner = self.lock();
            self.is_unannounced.store(false, Ordering::Relaxed);
            let begins = !inner.is_scheduled && !inner.waiting.is_empty();
            inner.is_scheduled |= begins;
            begins
        };
        if begins {
            self.delivery.schedule(Arc::clone(self));
        }
    }

    /// The breaker is gone. What waits is still delivered, unless too much does.
    pub(crate) fn retire(self: &Arc<Self>) {
        let is_scheduled = self.lock().is_scheduled;
        if is_scheduled {
            self.delivery.withdraw(self);
        }
    }

    /// Delivers the transition that has waited longest; says whether another one waits. One turn each, so that
    /// a breaker that never rests does not keep the others waiting.
    ///
    /// Only for the one thread that the delivery has given this outbox.
    pub(crate) fn serve(&self) -> bool {
        // Taken here, so that no lock is held below.
        let next = self.lock().waiting.pop_front();
        if let Some(Waiting { transition, newest }) = next {
            let mut last = ListenerId::FIRST;
            // Looked for one by one: those that are removed meanwhile are not called.
            while let Some(listener) = self.next(last, newest) {
                last = listener.id;
                if contain(|| (listener.heed)(&transition)).is_err() {
                    self.lock().counts.panics += 1;
                }
                let_go(listener);
            }
        }
        let mut inner = self.lock();
        inner.is_scheduled = !inner.waiting.is_empty();
        inner.is_scheduled
    }

    fn next(&self, last: ListenerId, newest: ListenerId) -> Option<Arc<Listener>> {
        let inner = self.lock();
        inner.listeners.after(last).filter(|listener| !listener.id.is_after(newest)).map(Arc::clone)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
