//! Handles to operations, and the ways to measure one.

use crate::Completion;
use crate::cells::{self, Change, Ended, Pool};
use crate::future::Measured;
use crate::history::History;
use crate::pulse::{Pulse, Recorded};
use crate::timer::{Call, OwnedTimer, Timer};
use sidecar_core::sync::soon;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An operation of a monitor.
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) pool: Arc<Pool>,
    history: Mutex<History>,
}

impl Entry {
    pub(crate) fn new(name: Arc<str>, pulse: Arc<Pulse>, pool: Pool, history: History) -> Self {
        Self { name, pulse, pool: Arc::new(pool), history: Mutex::new(history) }
    }

    /// For those who read: no recording asks for this lock.
    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether each lock is free within some turns.
    pub(crate) fn is_free(&self) -> bool {
        soon(|| self.history.try_lock()).is_some() && self.pool.is_free()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of::<Pool>() + self.name.len() + self.pool.bytes() + self.history().bytes()
    }

    #[inline]
    pub(crate) fn apply(&self, change: Change) {
        cells::apply(&self.pool, change);
    }
}

/// A handle to one operation of a [`PerfMonitor`](crate::PerfMonitor): cheap to clone, and to be kept by those who
/// measure often. Clones record into the same figures.
#[derive(Clone)]
pub struct Operation {
    pub(crate) entry: Arc<Entry>,
}

impl Operation {
    /// Its name; `overflow` where the monitor had no room for another one.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.entry.name
    }

    /// Runs `work` and records how long it took, as a success, or as panicked.
    #[inline]
    pub fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        let call = Call::new(self);
        let value = work();
        call.end(Completion::Success);
        value
    }

    /// Runs `work` and records how long it took: `Ok` as a success, `Err` as a failure, or as panicked.
    ///
    /// # Errors
    /// That of `work`.
    #[inline]
    pub fn try_measure<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let call = Call::new(self);
        let result = work();
        call.end(Completion::of(&result));
        result
    }

    /// Measures `future` from its first poll on, and tells time inside polls from time between them. Dropped before
    /// its end it counts as cancelled; never polled, it is no operation.
    pub fn measure_async<F: Future>(&self, future: F) -> Measured<F> {
        Measured::new(self.clone(), future, |_| Completion::Success)
    }

    /// As [`measure_async`](Self::measure_async); `Ok` is a success, `Err` a failure.
    pub fn try_measure_async<F, T, E>(&self, future: F) -> Measured<F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Measured::new(self.clone(), future, Completion::of)
    }

    /// Begins an operation that ends with the guard. Dropped, it counts as cancelled, or as panicked by a panic that
    /// began meanwhile.
    #[inline]
    pub fn start(&self) -> Timer<'_> {
        Timer::new(self)
    }

    /// As [`start`](Self::start), with a guard that may be kept anywhere. Costs one more owner of the operation.
    #[inline]
    pub fn start_owned(&self) -> OwnedTimer {
        OwnedTimer::new(self.clone())
    }

    /// Records an operation that has ended, and how long it took: from 1 ns to 104 days, longer ones count as that.
    ///
    /// It reads no clock: where the monitor is ticked, it counts for the slice that is open.
    #[inline]
    pub fn record(&self, duration: Duration, completion: Completion) {
        let pulse = &self.entry.pulse;
        let duration = match pulse.recorded() {
            Recorded::Nothing => return,
            Recorded::Count => None,
            Recorded::All => Some(nanos(duration)),
        };
        let at = pulse.about_now();
        self.entry.apply(Change::End(Ended { completion, duration, at, began: false, polled: None }));
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("name", &self.entry.name).finish_non_exhaustive()
    }
}

/// Without 128-bit arithmetic; saturates.
#[inline]
fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}
