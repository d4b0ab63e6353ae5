//! The operations of a program, by name.

use crate::book::SLICES;
use crate::figures::OperationMetrics;
use crate::operation::{Common, Operation};
use crate::settings::{PerfMonitorBuilder, PerfSettings};
use parking_lot::{Mutex, RwLock};
use sidecar_core::{Clock, SettingsError, clock, sites};
use std::collections::HashMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The name of the operation that those beyond the limit share.
pub const OVERFLOW: &str = "overflow";
/// Longest name of an operation, in bytes. Of a longer one the end is kept, behind a mark.
pub const MAX_NAME_BYTES: usize = 256;

/// Measures operations. A handle: clones share everything.
#[derive(Clone)]
pub struct PerfMonitor {
    inner: Arc<Inner>,
}

struct Inner {
    common: Arc<Common>,
    settings: Mutex<Arc<PerfSettings>>,
    max_operations: usize,
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
    by_name: HashMap<Arc<str>, Operation>,
    overflow: Option<Operation>,
}

impl PerfMonitor {
    /// Begins a monitor.
    pub fn builder() -> PerfMonitorBuilder {
        PerfMonitorBuilder::new()
    }

    /// The process-wide monitor, with default settings until it is updated. `#[monitor_performance]` records to it.
    #[must_use]
    pub fn global() -> &'static Self {
        static GLOBAL: LazyLock<PerfMonitor> =
            LazyLock::new(|| PerfMonitor::builder().build().expect("the defaults are valid"));
        &GLOBAL
    }

    pub(crate) fn new(
        settings: PerfSettings,
        threshold: u64,
        window: Duration,
        max_operations: usize,
        clock: Clock,
    ) -> Self {
        let common = Common {
            clock,
            slice_nanos: clock::nanos(window) / SLICES,
            enabled: AtomicBool::new(settings.enabled),
            threshold: AtomicU64::new(threshold),
        };
        let inner = Inner {
            common: Arc::new(common),
            settings: Mutex::new(Arc::new(settings)),
            max_operations,
            table: RwLock::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The operation of this name, which is new if nobody has asked for it before. Once there are as many as
    /// `max_operations`, the one named [`OVERFLOW`]. Names longer than [`MAX_NAME_BYTES`] are cut.
    #[must_use]
    pub fn operation(&self, name: &str) -> Operation {
        let name = sites::fit(name, MAX_NAME_BYTES);
        if let Some(found) = self.inner.table.read().find(&name) {
            return found;
        }
        let mut table = self.inner.table.write();
        if let Some(found) = table.find(&name) {
            return found;
        }
        if name == OVERFLOW || table.by_name.len() >= self.inner.max_operations {
            let overflow = || Operation::new(OVERFLOW.into(), &self.inner.common);
            return table.overflow.get_or_insert_with(overflow).clone();
        }
        let name: Arc<str> = name.into();
        let operation = Operation::new(Arc::clone(&name), &self.inner.common);
        table.by_name.insert(name, operation.clone());
        operation
    }

    /// The figures of an operation, or `None` if nobody has asked for one of this name, or there was no room for it.
    #[must_use]
    pub fn operation_metrics(&self, name: &str) -> Option<OperationMetrics> {
        let found = self.inner.table.read().find(&sites::fit(name, MAX_NAME_BYTES))?;
        Some(found.metrics(&self.settings().percentiles))
    }

    /// The figures of all operations, sorted by name. Each is read by itself, so they are not of the same instant.
    #[must_use]
    pub fn snapshot(&self) -> Vec<OperationMetrics> {
        let percentiles = &self.settings().percentiles;
        self.operations().iter().map(|operation| operation.metrics(percentiles)).collect()
    }

    /// All operations, sorted by name.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let table = self.inner.table.read();
        let mut all: Vec<_> = table.by_name.values().chain(&table.overflow).cloned().collect();
        drop(table);
        all.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        all
    }

    /// Ends the slices that are over at `now`, a reading of this monitor's clock. Returns when to come next.
    ///
    /// Recordings and readings do the same by the way: a monitor that nobody ticks shows the same figures.
    pub fn tick(&self, now: u64) -> u64 {
        for operation in self.operations() {
            operation.meter.tick(now);
        }
        let slice = self.inner.common.slice_nanos;
        (now / slice + 1).saturating_mul(slice)
    }

    /// The clock that operations are measured with.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.common.clock
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<PerfSettings> {
        Arc::clone(&self.inner.settings.lock())
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
            let mut current = self.inner.settings.lock();
            if Arc::ptr_eq(&current, &before) {
                // Relaxed: neither guards other memory. Under the lock, so that the last update wins in all of them.
                self.inner.common.enabled.store(settings.enabled, Relaxed);
                self.inner.common.threshold.store(threshold, Relaxed);
                *current = Arc::new(settings);
                return Ok(());
            }
        }
    }
}

impl Table {
    fn find(&self, name: &str) -> Option<Operation> {
        if name == OVERFLOW { self.overflow.clone() } else { self.by_name.get(name).cloned() }
    }
}

// No code of users runs while a lock is held.
impl UnwindSafe for PerfMonitor {}
impl RefUnwindSafe for PerfMonitor {}

impl fmt::Debug for PerfMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfMonitor")
            .field("operations", &self.inner.table.read().by_name.len())
            .field("settings", &self.settings())
            .finish_non_exhaustive()
    }
}
