//! Who is told of transitions: each listener on a thread of its own, behind a queue of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sidecar_core::panics::contain;
use sidecar_core::threads;

use crate::contained::Contained;
use crate::history::Transition;
use crate::worker::{Place, Places};

/// Most listeners at a time, those included that were removed and have not returned yet.
pub const MAX_LISTENERS: usize = 16;

/// Most transitions that wait for one listener; further ones are not told to it.
pub const MAX_WAITING_TRANSITIONS: usize = 256;

/// Names a listener: see [`Health::on_change`](crate::Health::on_change).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

impl ListenerId {
    pub(crate) fn new(serial: u64) -> Self {
        Self(serial)
    }
}

/// A listener in the form in which it is kept.
pub(crate) type BoxedListener = Contained<Box<dyn Fn(&Transition) + Send>>;

/// What the table keeps of a listener. Holds nothing of the application's.
pub(crate) struct Listener {
    id: ListenerId,
    queue: SyncSender<Transition>,
    removed: Arc<AtomicBool>,
}

impl Listener {
    /// Starts its thread, which ends when this is dropped and what waits has been told.
    ///
    /// None if there is no room; the closure is dropped then.
    pub(crate) fn start(id: ListenerId, listener: BoxedListener, places: &Arc<Places>) -> Option<Self> {
        let place = places.admit(MAX_LISTENERS)?;
        let (queue, waiting) = sync_channel(MAX_WAITING_TRANSITIONS);
        let removed = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&removed);
        threads::spawn("change", move || listen(&listener, &waiting, &gone, place)).ok()?;
        Some(Self { id, queue, removed })
    }
}

fn listen(listener: &BoxedListener, waiting: &Receiver<Transition>, removed: &AtomicBool, place: Place) {
    while let Ok(transition) = waiting.recv()
        && !removed.load(Ordering::SeqCst)
    {
        // The message has been printed by the panic hook; nobody here has a use for it.
        let _ = contain(|| listener(&transition));
    }
    drop(place);
}

/// Transitions on their way from what changed to those who listen.
#[derive(Default)]
pub(crate) struct Transitions {
    /// All there ever were.
    pub(crate) count: u64,
    /// Not told yet; kept only if somebody listens.
    fresh: Vec<Transition>,
    listeners: Vec<Listener>,
}

impl Transitions {
    pub(crate) fn push(&mut self, transition: &Transition) {
        if !self.listeners.is_empty() {
            self.fresh.push(transition.clone());
        }
    }

    /// Tells everybody, without waiting for anybody; what somebody has no room for is counted in `lost`.
    pub(crate) fn tell(&mut self, lost: &AtomicU64) {
        for transition in self.fresh.drain(..) {
            for listener in &self.listeners {
                if listener.queue.try_send(transition.clone()).is_err() {
                    lost.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }

    pub(crate) fn add(&mut self, listener: Listener) {
        self.listeners.push(listener);
    }

    pub(crate) fn remove(&mut self, id: ListenerId) -> bool {
        let Some(at) = self.listeners.iter().position(|listener| listener.id == id) else { return false };
        self.listeners.remove(at).removed.store(true, Ordering::SeqCst);
        true
    }

    /// Lets everybody go, once they have been told what waits.
    pub(crate) fn close(&mut self) {
        self.listeners.clear();
    }
}
