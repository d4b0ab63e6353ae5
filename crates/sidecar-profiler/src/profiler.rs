//! The profiler's handle and its tick.

use crate::books::{Books, Entry};
use crate::budget::{Budget, BudgetReport};
use crate::builder::ProfilerBuilder;
use crate::meters::{Meters, NoRoom, Sums};
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::summary::Summary;
use parking_lot::Mutex;
use sidecar_core::SettingsError;
use sidecar_core::clock::{Clock, nanos};
use sidecar_core::panics::contain;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, SystemTime};

/// Measures what the process uses and what the sidecar's own share of it is.
///
/// A handle: clones share one profiler. See the crate's documentation.
#[derive(Clone)]
pub struct Profiler {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    clock: Clock,
    interval: u64,
    budget: Mutex<Budget>,
    accounts: Meters,
    charges: Meters,
    state: Mutex<State>,
    /// The thread that ticks, if [`ProfilerBuilder::start`] made one.
    pub(crate) driver: OnceLock<Thread>,
}

struct State {
    /// Absent while a reading is being made.
    source: Option<Box<dyn Source>>,
    next: u64,
    books: Books,
}

impl Profiler {
    /// A builder with the defaults of the crate's documentation.
    pub fn builder() -> ProfilerBuilder {
        ProfilerBuilder::new()
    }

    pub(crate) fn new(clock: Clock, interval: Duration, budget: Budget, source: Box<dyn Source>) -> Self {
        let now = clock.now();
        let state = State { source: Some(source), next: now, books: Books::new(SystemTime::now()) };
        let inner = Inner {
            clock,
            interval: nanos(interval),
            budget: Mutex::new(budget),
            accounts: Meters::default(),
            charges: Meters::default(),
            state: Mutex::new(state),
            driver: OnceLock::new(),
        };
        let profiler = Self { inner: Arc::new(inner) };
        profiler.tick(now);
        profiler
    }

    /// Takes a reading if one is due at `now` (nanoseconds of the profiler's clock), and returns when the next
    /// one is. A late reading covers all the time since the one before; none is made up for.
    ///
    /// Call it from one periodic thread; a call while another one is reading returns at once. It reads
    /// files and calls the registered closures, contained and without a lock.
    pub fn tick(&self, now: u64) -> u64 {
        let source = {
            let mut state = self.inner.state.lock();
            if now < state.next {
                return state.next;
            }
            let Some(source) = state.source.take() else { return state.next };
            state.next = now.saturating_add(self.inner.interval);
            source
        };
        self.read(source, now)
    }

    /// Takes a reading now, due or not: for a last look before the end. A reading that is under way on another
    /// thread serves instead.
    ///
    /// Less than [`MIN_INTERVAL`](crate::MIN_INTERVAL) after the latest reading it brings the totals of the
    /// snapshot up to date (CPU seconds, memory and its peak, threads) and leaves the percentages, the history
    /// and the time of the next reading as they are.
    pub fn refresh(&self) {
        let (source, now) = {
            let mut state = self.inner.state.lock();
            let Some(source) = state.source.take() else { return };
            // Read under the lock, so that no reading is booked before an earlier one.
            let now = self.inner.clock.now();
            if state.books.is_due(now) {
                state.next = now.saturating_add(self.inner.interval);
            }
            (source, now)
        };
        self.read(source, now);
    }

    /// Reads, books what was read at `now`, and returns when the next reading is due.
    fn read(&self, mut source: Box<dyn Source>, now: u64) -> u64 {
        let inner = &*self.inner;
        let reading = contain(|| source.read());
        let reading = reading.unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
        let meters = reading.is_ok().then(|| (inner.charges.read(), inner.accounts.read()));
        let (charges, accounts): (Sums, Sums) = meters.unwrap_or_default();

        let mut state = inner.state.lock();
        state.source = Some(source);
        let next = state.next;
        let failures_before = state.books.failures();
        let error = match reading {
            Ok(reading) => {
                state.books.record(Entry { now, time: SystemTime::now(), reading, charges, accounts });
                None
            }
            Err(error) => {
                state.books.record_failure();
                Some(error)
            }
        };
        let failures = state.books.failures();
        drop(state);
        // The subscriber is the host's, and so may be the error.
        let _ = contain(move || report(error.as_ref(), failures_before, failures));
        next
    }

    /// The clock whose time [`tick`](Self::tick) takes.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The figures of the latest reading; its `time` says how old they are.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.inner.state.lock().books.snapshot()
    }

    /// Averages, maxima and percentiles over the readings of the last `window`, and how much the memory grew.
    /// `None` if there are none: the first reading is what the second is measured against, and is in no window.
    #[must_use]
    pub fn summary(&self, window: Duration) -> Option<Summary> {
        let now = self.inner.clock.now();
        let points = self.inner.state.lock().books.points(now, nanos(window));
        Summary::of(&points)
    }

    /// Whether the sidecar's own share is above its budget, in which respect, and by how much.
    #[must_use]
    pub fn is_over_budget(&self) -> BudgetReport {
        let budget = *self.inner.budget.lock();
        self.inner.state.lock().books.judge(budget)
    }

    /// Changes the budget: percent of one core, and MB of 1 048 576 bytes. The next report judges by it.
    ///
    /// # Errors
    /// When one is not above 0; both stay as they were.
    pub fn set_budget(&self, max_cpu_percent: f64, max_memory_mb: f64) -> Result<(), SettingsError> {
        let budget = Budget::new(max_cpu_percent, max_memory_mb)?;
        *self.inner.budget.lock() = budget;
        Ok(())
    }

    /// Counts `bytes()` as the sidecar's own memory, from the next reading on. An account of the same name is
    /// replaced. While `bytes` panics, its last value stands.
    ///
    /// `bytes` should only read a number: it runs within every reading. What it captures lives as long as the
    /// profiler, so let it hold a `Weak` of anything that holds the profiler.
    ///
    /// # Errors
    /// When there are [`MAX_METERS`](crate::MAX_METERS) accounts already.
    pub fn account(
        &self,
        name: impl Into<Arc<str>>,
        bytes: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<(), NoRoom> {
        self.inner.accounts.register(name.into(), Arc::new(bytes))
    }

    /// Counts the rise of `cpu_nanos()` as the sidecar's own CPU time: nanoseconds that it has cost the
    /// threads of the host so far. A value that falls has begun anew and counts in full. A charge of the same
    /// name is replaced: what the former one rose by stays counted, and the new one counts from zero.
    ///
    /// The rest is as with [`account`](Self::account).
    ///
    /// # Errors
    /// When there are [`MAX_METERS`](crate::MAX_METERS) charges already.
    pub fn charge(
        &self,
        name: impl Into<Arc<str>>,
        cpu_nanos: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<(), NoRoom> {
        self.inner.charges.register(name.into(), Arc::new(cpu_nanos))
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The driver finds nothing to tick any more, and ends.
        if let Some(driver) = self.driver.get() {
            driver.unpark();
        }
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiler").field("budget", &*self.inner.budget.lock()).finish_non_exhaustive()
    }
}

/// Warns when the number of failures passes a power of two, so that a lasting trouble is said 64 times at most.
fn report(error: Option<&std::io::Error>, before: u64, failures: u64) {
    if failures.checked_ilog2() == before.checked_ilog2() {
        return;
    }
    match error {
        Some(error) => tracing::warn!(failures, %error, "the process could not be read"),
        None => tracing::warn!(failures, "an account or a charge panicked while it was read"),
    }
}
