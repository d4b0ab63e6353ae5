//! The monitor's handle, its operations and its tick.

use crate::Completion;
use crate::builder::PerfMonitorBuilder;
use crate::cells::{Allowance, CELL_BYTES, Pool};
use crate::driver;
use crate::history::{History, Lengths, Span, next_after};
use crate::metrics::{OperationExposition, OperationMetrics};
use crate::objective::OperationObjective;
use crate::operation::{Entry, Operation};
use crate::pulse::Pulse;
use crate::settings::PerfSettings;
use sidecar_core::histogram::FixedSnapshot;
use sidecar_core::sync::soon;
use sidecar_core::{Clock, SettingsError, sites};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::Thread;

/// The operation that those share for which there is no room.
pub const OVERFLOW: &str = "overflow";
/// Longest name of an operation, in bytes. Of a longer one the end is kept, behind a mark.
pub const MAX_NAME_BYTES: usize = 256;

/// Measures operations: how long they take, how they end, and how many there are.
///
/// A handle: clones share one monitor. See the crate's documentation.
#[derive(Clone)]
pub struct PerfMonitor {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pulse: Arc<Pulse>,
    start: u64,
    lengths: Lengths,
    settings: Mutex<Arc<PerfSettings>>,
    max_operations: usize,
    allowance: Arc<Allowance>,
    overflow: Arc<Entry>,
    operations: RwLock<BTreeMap<Arc<str>, Arc<Entry>>>,
    objectives: Mutex<Vec<OperationObjective>>,
    /// The thread that ticks, if [`PerfMonitorBuilder::start`] made one.
    pub(crate) driver: OnceLock<Thread>,
    /// Whether the next new operation starts the driver. Relaxed: a swap decides who does.
    pub(crate) is_undriven: AtomicBool,
}

impl PerfMonitor {
    /// A builder with the defaults of the crate's documentation.
    pub fn builder() -> PerfMonitorBuilder {
        PerfMonitorBuilder::new()
    }

    pub(crate) fn new(pulse: Pulse, lengths: Lengths, settings: PerfSettings, max_operations: usize) -> Self {
        let start = pulse.clock().now();
        let pulse = Arc::new(pulse);
        let allowance = Arc::new(Allowance::new(cells(&settings)));
        let history = History::new(start, start, lengths);
        let pool = Pool::new(next_id(), Arc::clone(&allowance));
        let overflow = Arc::new(Entry::new(OVERFLOW.into(), Arc::clone(&pulse), pool, history));
        let inner = Inner {
            pulse,
            start,
            lengths,
            settings: Mutex::new(Arc::new(settings)),
            max_operations,
            allowance,
            overflow,
            operations: RwLock::default(),
            objectives: Mutex::default(),
            driver: OnceLock::new(),
            is_undriven: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The operation of that name, made if it is new. Beyond the limit of operations, and for an empty name, it is the
    /// one named `overflow`. Names longer than [`MAX_NAME_BYTES`] are cut.
    ///
    /// Takes a lock and looks the name up: those who measure often keep the handle.
    #[must_use]
    pub fn operation(&self, name: &str) -> Operation {
        let name = fitting(name);
        let entry = self.find(&name).unwrap_or_else(|| self.add(&name));
        Operation { entry }
    }

    #[cold]
    fn add(&self, name: &str) -> Arc<Entry> {
        let entry = self.inner.add(name);
        if self.inner.is_undriven.swap(false, Relaxed) {
            // Without room for a thread, reading is what closes slices.
            if driver::spawn(self).is_err() {
                self.end_ticks();
            }
        }
        entry
    }

    /// `name` is short enough.
    fn find(&self, name: &str) -> Option<Arc<Entry>> {
        if name == OVERFLOW {
            return Some(Arc::clone(&self.inner.overflow));
        }
        let operations = self.inner.operations.read().unwrap_or_else(PoisonError::into_inner);
        operations.get(name).cloned()
    }

    /// What is known of an operation; `None` if there is none of that name.
    #[must_use]
    pub fn operation_metrics(&self, name: &str) -> Option<OperationMetrics> {
        let entry = self.find(&fitting(name))?;
        Some(self.metrics_of(&entry, self.now(), &self.settings()))
    }

    /// What is known of all operations, sorted by name. The one named `overflow` is among them once it was used.
    #[must_use]
    pub fn snapshot(&self) -> Vec<OperationMetrics> {
        let (now, settings) = (self.now(), self.settings());
        self.inner.used().iter().map(|entry| self.metrics_of(entry, now, &settings)).collect()
    }

    /// Counts and durations of all operations since the start, as Prometheus has them: `bounds` are upper ones, in
    /// seconds. A bucket of ours on both sides of a bound counts above it, so no duration is understated.
    #[must_use]
    pub fn exposition(&self, bounds: &Arc<[f64]>) -> Vec<OperationExposition> {
        let now = self.now();
        let expose = |entry: &Arc<Entry>| {
            let ([start], in_flight) = entry.history().read(now, &entry.pool, [Span::Start]);
            OperationExposition {
                name: Arc::clone(&entry.name),
                in_flight,
                completions: Completion::ALL.iter().copied().zip(start.completions).collect(),
                seconds: FixedSnapshot {
                    bounds: Arc::clone(bounds),
                    counts: start.counts_below(bounds),
                    sum: start.seconds(),
                },
            }
        };
        self.inner.used().iter().map(expose).collect()
    }

    fn metrics_of(&self, entry: &Entry, now: u64, settings: &PerfSettings) -> OperationMetrics {
        let spans = [Span::Window, Span::Start];
        let ([window, start], in_flight) = entry.history().read(now, &entry.pool, spans);
        OperationMetrics {
            name: Arc::clone(&entry.name),
            in_flight,
            window: window.figures(&settings.percentiles),
            since_start: start.figures(&settings.percentiles),
        }
    }

    fn now(&self) -> u64 {
        self.inner.pulse.read_now()
    }

    /// Closes the slices that are over at `now` (nanoseconds of the monitor's clock), and returns when the next
    /// one is.
    ///
    /// Call it from one periodic thread, when it asked for it: a slice that is closed late is longer. A time that
    /// goes back is taken for a step of the clock.
    pub fn tick(&self, now: u64) -> u64 {
        self.inner.pulse.tell(now);
        let entries = self.inner.entries();
        entries.iter().for_each(|entry| entry.history().advance(now, &entry.pool));
        if entries.iter().map(|entry| entry.bytes()).sum::<usize>() > self.settings().max_bytes {
            entries.iter().for_each(|entry| entry.history().coarsen());
        }
        next_after(now, self.inner.start, self.inner.lengths.slice())
    }

    /// Says that nobody calls [`tick`](Self::tick) any more, until somebody does again. Recordings read the clock then,
    /// and readings end slices.
    pub fn end_ticks(&self) {
        self.inner.pulse.fall_silent();
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<PerfSettings> {
        Arc::clone(&self.inner.settings())
    }

    /// Changes settings while operations run. `change` runs again if they were changed meanwhile.
    ///
    /// # Errors
    /// When a setting is out of its range: then all stay as they were.
    pub fn update(&self, mut change: impl FnMut(&mut PerfSettings)) -> Result<(), SettingsError> {
        loop {
            let before = self.settings();
            let mut settings = PerfSettings::clone(&before);
            change(&mut settings);
            let threshold = settings.threshold()?;
            let mut current = self.inner.settings();
            if Arc::ptr_eq(&current, &before) {
                // Under the lock, so that the last update wins in all of them.
                self.inner.pulse.set(threshold);
                if self.inner.allowance.set(cells(&settings)) {
                    self.inner.entries().iter().for_each(|entry| entry.pool.ask_again());
                }
                *current = Arc::new(settings);
                return Ok(());
            }
        }
    }

    /// The clock whose time [`tick`](Self::tick) takes.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.inner.pulse.clock()
    }

    /// Bytes that all operations hold: cells, slices, names. Reads every operation.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.inner.entries().iter().map(|entry| entry.bytes()).sum()
    }
}

impl Inner {
    fn add(&self, name: &str) -> Arc<Entry> {
        let is_full = |operations: &BTreeMap<_, _>| operations.len() >= self.max_operations;
        // Names that get no operation of their own hold up nobody: there may be many.
        if name.is_empty() || is_full(&self.operations.read().unwrap_or_else(PoisonError::into_inner)) {
            return Arc::clone(&self.overflow);
        }
        let mut operations = self.operations.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = operations.get(name) {
            return Arc::clone(entry);
        }
        if is_full(&operations) {
            return Arc::clone(&self.overflow);
        }
        let name: Arc<str> = name.into();
        let history = History::new(self.pulse.clock().now(), self.start, self.lengths);
        let pool = Pool::new(next_id(), Arc::clone(&self.allowance));
        let entry = Arc::new(Entry::new(Arc::clone(&name), Arc::clone(&self.pulse), pool, history));
        operations.insert(name, Arc::clone(&entry));
        entry
    }

    /// Whether each lock is free within some turns.
    pub(crate) fn is_free(&self) -> bool {
        let are_free =
            |operations: &BTreeMap<_, Arc<Entry>>| operations.values().all(|entry| entry.is_free());
        soon(|| self.settings.try_lock()).is_some()
            && soon(|| self.objectives.try_lock()).is_some()
            && soon(|| self.operations.try_write()).is_some_and(|operations| are_free(&operations))
            && self.overflow.is_free()
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Arc<PerfSettings>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn objectives(&self) -> MutexGuard<'_, Vec<OperationObjective>> {
        self.objectives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As another thread reads the names.
    #[cfg(all(test, not(sidecar_loom)))]
    pub(crate) fn reading(&self) -> impl Drop + '_ {
        self.operations.read().expect("nobody panics")
    }

    /// All operations by name; the one for those beyond the limit stands among them.
    fn entries(&self) -> Vec<Arc<Entry>> {
        let operations = self.operations.read().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Vec::with_capacity(operations.len() + 1);
        entries.extend(operations.values().cloned());
        drop(operations);
        let place = entries.partition_point(|entry| *entry.name < *OVERFLOW);
        entries.insert(place, Arc::clone(&self.overflow));
        entries
    }

    /// Without the one for those beyond the limit, where it was not needed.
    fn used(&self) -> Vec<Arc<Entry>> {
        let mut entries = self.entries();
        entries.retain(|entry| !Arc::ptr_eq(entry, &self.overflow) || entry.pool.is_used());
        entries
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.get() {
            driver.unpark();
        }
    }
}

/// How many cells threads may have of their own.
fn cells(settings: &PerfSettings) -> u64 {
    (settings.max_bytes / 2 / CELL_BYTES) as u64
}

/// Borrowed where it fits, as nearly every name does.
fn fitting(name: &str) -> Cow<'_, str> {
    if name.len() <= MAX_NAME_BYTES { name.into() } else { sites::fit(name, MAX_NAME_BYTES).into() }
}

/// No two operations of a process have the same.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: numbers that differ are all that is asked for.
    NEXT.fetch_add(1, Relaxed)
}

impl fmt::Debug for PerfMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfMonitor")
            .field("operations", &(self.inner.entries().len() - 1))
            .field("cells_left", &self.inner.allowance.left())
            .finish_non_exhaustive()
    }
}
