//! Which lane belongs to which thread.

use crate::lane::Lane;
use parking_lot::Mutex;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

/// Most threads with a lane of their own at a time; more share one.
pub(crate) const MAX_LANES: usize = 1_024;

/// All lanes of one observer.
#[derive(Debug)]
pub(crate) struct Lanes {
    observer: u64,
    shared: Arc<Lane>,
    /// Lanes made since the worker last looked; none once the worker is gone.
    new: Mutex<Option<Vec<Arc<Lane>>>>,
    count: AtomicUsize,
}

/// A thread's end of its lane; closes the lane when the thread ends.
struct Owned {
    observer: u64,
    lane: Arc<Lane>,
    /// Dangling once the observer is gone.
    alive: Weak<Lane>,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.lane.close();
    }
}

thread_local! {
    static OWNED: RefCell<Vec<Owned>> = const { RefCell::new(Vec::new()) };
}

impl Lanes {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            // Relaxed: only uniqueness matters.
            observer: NEXT.fetch_add(1, Relaxed),
            shared: Arc::default(),
            new: Mutex::new(Some(Vec::new())),
            count: AtomicUsize::new(0),
        }
    }

    /// Runs `f` on the calling thread's lane. Threads that are ending, that find the list of lanes taken or
    /// come when there are too many use the shared lane.
    pub(crate) fn with_current<R>(&self, f: impl FnOnce(&Lane) -> R) -> R {
        let own = OWNED.try_with(|owned| {
            let mut owned = owned.try_borrow_mut().ok()?;
            match owned.iter().find(|own| own.observer == self.observer) {
                Some(own) => Some(Arc::clone(&own.lane)),
                None => self.open(&mut owned),
            }
        });
        match own {
            Ok(Some(lane)) => f(&lane),
            _ => f(&self.shared),
        }
    }

    #[cold]
    fn open(&self, owned: &mut Vec<Owned>) -> Option<Arc<Lane>> {
        owned.retain(|own| own.alive.strong_count() > 0);
        // Relaxed: the bound may be passed by the few threads that look at the same moment.
        if self.count.load(Relaxed) >= MAX_LANES {
            return None;
        }
        let mut new = self.new.try_lock()?;
        let lane = Arc::<Lane>::default();
        new.as_mut()?.push(Arc::clone(&lane));
        self.count.fetch_add(1, Relaxed);
        let alive = Arc::downgrade(&self.shared);
        owned.push(Owned { observer: self.observer, lane: Arc::clone(&lane), alive });
        Some(lane)
    }

    /// Lanes made since the last call.
    pub(crate) fn take_new(&self) -> Vec<Arc<Lane>> {
        self.new.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Lanes made since the last call; no further one will be made.
    pub(crate) fn finish(&self) -> Vec<Arc<Lane>> {
        self.new.lock().take().unwrap_or_default()
    }

    /// A number that no other observer of this process has.
    pub(crate) fn observer(&self) -> u64 {
        self.observer
    }

    /// The lane of those that have none of their own.
    pub(crate) fn shared(&self) -> &Arc<Lane> {
        &self.shared
    }

    /// Notes that the worker has let go of `lanes` lanes whose threads have ended.
    pub(crate) fn forget(&self, lanes: usize) {
        self.count.fetch_sub(lanes, Relaxed);
    }

    /// Lanes that threads have of their own.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }
}
