//! Which lane belongs to which thread.

use crate::lane::Lane;
use crate::ledger::{Counts, Ledger};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

/// Most threads with a lane of their own at a time; more share one.
pub(crate) const MAX_LANES: usize = 1_024;

/// All lanes of one observer.
#[derive(Debug)]
pub(crate) struct Lanes {
    observer: u64,
    shared: Arc<Lane>,
    /// A lock of the standard library's: to release it in a forked child needs nothing that a thread of the parent's
    /// could have held.
    listed: Mutex<Listed>,
    count: AtomicUsize,
}

/// The lanes of threads. Host threads only try this list's lock, once in their lives.
#[derive(Debug)]
struct Listed {
    /// Those made since the worker last looked; none once the worker is gone.
    new: Option<Vec<Arc<Lane>>>,
    /// All whose tallies the ledger has not taken over.
    running: Vec<Arc<Lane>>,
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
            listed: Mutex::new(Listed { new: Some(Vec::new()), running: Vec::new() }),
            count: AtomicUsize::new(0),
        }
    }

    /// Runs `f` on the calling thread's lane. Threads that are ending, that find the list of lanes taken or
    /// come when there are too many have none of their own. `f` must not run foreign code.
    #[inline]
    pub(crate) fn with_own<R>(&self, f: impl FnOnce(Option<&Lane>) -> R) -> R {
        // Asked first, because `f` goes along with what is passed in, and is not handed back by a thread that is
        // ending.
        if OWNED.try_with(|_| ()).is_err() {
            return f(None);
        }
        OWNED.with(|owned| {
            if let Ok(owned) = owned.try_borrow()
                && let Some(own) = owned.iter().find(|own| own.observer == self.observer)
            {
                return f(Some(&own.lane));
            }
            f(self.open(owned).as_deref())
        })
    }

    fn lock(&self) -> MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, Listed>> {
        match self.listed.try_lock() {
            Ok(listed) => Some(listed),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    #[cold]
    fn open(&self, owned: &RefCell<Vec<Owned>>) -> Option<Arc<Lane>> {
        let mut owned = owned.try_borrow_mut().ok()?;
        owned.retain(|own| own.alive.strong_count() > 0);
        // Relaxed: the bound may be passed by the few threads that look at the same moment.
        if self.count.load(Relaxed) >= MAX_LANES {
            return None;
        }
        let mut listed = self.try_lock()?;
        let lane = Arc::<Lane>::default();
        listed.new.as_mut()?.push(Arc::clone(&lane));
        listed.running.push(Arc::clone(&lane));
        self.count.fetch_add(1, Relaxed);
        let alive = Arc::downgrade(&self.shared);
        owned.push(Owned { observer: self.observer, lane: Arc::clone(&lane), alive });
        Some(lane)
    }

    /// Lanes made since the last call.
    pub(crate) fn take_new(&self) -> Vec<Arc<Lane>> {
        self.lock().new.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Every lane that may hold events, for a worker that begins.
    pub(crate) fn take_all(&self) -> Vec<Arc<Lane>> {
        let mut listed = self.lock();
        if let Some(new) = &mut listed.new {
            new.clear();
        }
        std::iter::once(&self.shared).chain(&listed.running).map(Arc::clone).collect()
    }

    /// Lanes made since the last call; no further one will be made.
    pub(crate) fn finish(&self) -> Vec<Arc<Lane>> {
        self.lock().new.take().unwrap_or_default()
    }

    /// Every row of the ledger, with what running threads have counted themselves.
    pub(crate) fn counts(&self, ledger: &Ledger) -> Vec<Counts> {
        let listed = self.lock();
        ledger.counts(listed.running.iter().map(|lane| lane.tally()))
    }

    /// As [`counts`](Self::counts), without what running threads have counted if the list is taken.
    pub(crate) fn counts_if_free(&self, ledger: &Ledger) -> Vec<Counts> {
        let listed = self.try_lock();
        ledger.counts(listed.iter().flat_map(|listed| &listed.running).map(|lane| lane.tally()))
    }

    /// Lets go of lanes whose threads have ended; the ledger takes over what those have counted.
    pub(crate) fn forget(&self, ended: &[Arc<Lane>], ledger: &Ledger) {
        if ended.is_empty() {
            return;
        }
        // Under the lock that readers take, so that none misses a tally or sees it twice.
        let mut listed = self.lock();
        listed.running.retain(|lane| !ended.iter().any(|gone| Arc::ptr_eq(gone, lane)));
        ended.iter().for_each(|lane| ledger.take_over(lane.tally()));
        self.count.fetch_sub(ended.len(), Relaxed);
    }

    /// A number that no other observer of this process has.
    pub(crate) fn observer(&self) -> u64 {
        self.observer
    }

    /// The lane of those that have none of their own.
    pub(crate) fn shared(&self) -> &Arc<Lane> {
        &self.shared
    }

    /// Lanes that threads have of their own.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }
}
