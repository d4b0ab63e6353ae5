//! Who is told of changes: each listener on a thread of its own, behind a queue of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sidecar_core::panics::contain;
use sidecar_core::threads;

use crate::contained::Contained;
use crate::history::{StatusChange, Transition};
use crate::report::HealthReport;
use crate::status::Status;
use crate::worker::{Place, Places};

/// Most listeners at a time, of both kinds together, those included that were removed and have not returned yet.
pub const MAX_LISTENERS: usize = 16;

/// Most changes that wait for one listener; further ones are not told to it.
pub const MAX_WAITING_TRANSITIONS: usize = 256;

/// Names a listener: see [`Health::on_change`](crate::Health::on_change) and
/// [`Health::on_status_change`](crate::Health::on_status_change).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

impl ListenerId {
    pub(crate) fn new(serial: u64) -> Self {
        Self(serial)
    }
}

/// A listener in the form in which it is kept.
pub(crate) type BoxedListener<T> = Contained<Box<dyn Fn(&T) + Send>>;

/// What the table keeps of a listener. Holds nothing of the application's.
pub(crate) struct Listener<T> {
    id: ListenerId,
    queue: SyncSender<T>,
    removed: Arc<AtomicBool>,
}

impl<T: Send + 'static> Listener<T> {
    /// Starts its thread, which ends when this is dropped and what waits has been told.
    ///
    /// None if there is no room; the closure is dropped then.
    pub(crate) fn start(id: ListenerId, listener: BoxedListener<T>, places: &Arc<Places>) -> Option<Self> {
        let place = places.admit(MAX_LISTENERS)?;
        let (queue, waiting) = sync_channel(MAX_WAITING_TRANSITIONS);
        let removed = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&removed);
        threads::spawn("change", move || listen(&listener, &waiting, &gone, place)).ok()?;
        Some(Self { id, queue, removed })
    }
}

fn listen<T>(listener: &BoxedListener<T>, waiting: &Receiver<T>, removed: &AtomicBool, place: Place) {
    while let Ok(change) = waiting.recv()
        && !removed.load(Ordering::SeqCst)
    {
        // The message has been printed by the panic hook; nobody here has a use for it.
        let _ = contain(|| listener(&change));
    }
    drop(place);
}

/// Those who are told of one kind of change.
pub(crate) struct Listeners<T>(Vec<Listener<T>>);

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Listeners<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells everybody, without waiting for anybody; what somebody has no room for is counted in `lost`.
    fn tell(&self, change: &T, lost: &AtomicU64) {
        for listener in &self.0 {
            if listener.queue.try_send(change.clone()).is_err() {
                lost.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    pub(crate) fn add(&mut self, listener: Listener<T>) {
        self.0.push(listener);
    }

    pub(crate) fn remove(&mut self, id: ListenerId) -> bool {
        let Some(at) = self.0.iter().position(|listener| listener.id == id) else { return false };
        self.0.remove(at).removed.store(true, Ordering::SeqCst);
        true
    }

    /// Lets everybody go, once they have been told what waits.
    pub(crate) fn close(&mut self) {
        self.0.clear();
    }
}

/// Transitions on their way from what changed to those who listen.
#[derive(Default)]
pub(crate) struct Transitions {
    /// All there ever were.
    pub(crate) count: u64,
    /// Not told yet; kept only if somebody listens.
    fresh: Vec<Transition>,
    pub(crate) listeners: Listeners<Transition>,
}

impl Transitions {
    pub(crate) fn push(&mut self, transition: &Transition) {
        if !self.listeners.is_empty() {
            self.fresh.push(transition.clone());
        }
    }

    pub(crate) fn tell(&mut self, lost: &AtomicU64) {
        for transition in self.fresh.drain(..) {
            self.listeners.tell(&transition, lost);
        }
    }
}

/// The status of the whole, as far as somebody listens to it.
#[derive(Default)]
pub(crate) struct WholeChanges {
    /// All that were noticed.
    count: u64,
    /// What it was when somebody last looked; without meaning while nobody listens.
    seen: Option<Status>,
    listeners: Listeners<StatusChange>,
}

impl WholeChanges {
    /// Whether it is worth the while to find out how the whole stands.
    pub(crate) fn are_heard(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// Adds one, who is told of what differs from `status`, or from what the others know already.
    pub(crate) fn add(&mut self, listener: Listener<StatusChange>, status: Status) {
        if !self.are_heard() {
            self.seen = Some(status);
        }
        self.listeners.add(listener);
    }

    pub(crate) fn remove(&mut self, id: ListenerId) -> bool {
        self.listeners.remove(id)
    }

    pub(crate) fn tell(&mut self, report: &HealthReport, lost: &AtomicU64) {
        let to = report.status();
        let Some(from) = self.seen.replace(to).filter(|from| *from != to) else { return };
        self.count += 1;
        let root_causes = report.root_causes().map(Arc::from).collect();
        let change = StatusChange { sequence: self.count, from, to, root_causes, at: report.timestamp() };
        self.listeners.tell(&change, lost);
    }

    pub(crate) fn close(&mut self) {
        self.listeners.close();
    }
}
