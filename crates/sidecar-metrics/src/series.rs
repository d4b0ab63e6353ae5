//! A metric and its series inside the registry.

use crate::exemplar;
use crate::families::Value;
use crate::handle::{Cell, Counter, Gauge, Histogram};
use crate::kind::Kind;
use crate::labels::{Labels, same};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// One series.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) metric: Arc<Metric>,
    pub(crate) labels: Arc<Labels>,
    pub(crate) cell: Cell,
    /// When it was registered, in milliseconds since 1970.
    pub(crate) created: u64,
    /// Where it is in the table.
    pub(crate) hash: u64,
    /// The epoch in which it was last looked up.
    used: AtomicU64,
    /// Where it is in its list; only touched under the list's lock.
    place: AtomicUsize,
}

impl Series {
    /// The epoch of use of a series that is not to be taken out.
    pub(crate) const NEVER_IDLE: u64 = u64::MAX;

    pub(crate) fn new(metric: Arc<Metric>, labels: Labels, cell: Cell, hash: u64, epoch: u64) -> Self {
        let (used, place) = (AtomicU64::new(epoch), AtomicUsize::new(0));
        let created = exemplar::now();
        Self { metric, labels: Arc::new(labels), cell, created, hash, used, place }
    }

    /// Says that it is used in this epoch. Written once an epoch, so that those who use it do not hinder each other.
    #[inline]
    pub(crate) fn touch(&self, epoch: u64) {
        // Relaxed: whoever takes a series out holds the lock under which this is done.
        if self.used.load(Relaxed) != epoch {
            self.used.store(epoch, Relaxed);
        }
    }

    /// Whether it was last looked up before `epoch`, and nobody holds a handle.
    pub(crate) fn is_idle_since(&self, epoch: u64) -> bool {
        self.used.load(Relaxed) < epoch && !self.cell.is_held()
    }

    /// `tags` are those that [`Labels::matches`] takes.
    pub(crate) fn is(&self, name: &str, tags: &[(&str, &str)]) -> bool {
        same(self.metric.name.as_bytes(), name.as_bytes()) && self.labels.matches(tags)
    }
}

/// A kind of handle, found by its type in a series of any kind.
pub(crate) trait Handle: Sized {
    const KIND: Kind;
    fn of(cell: &Cell) -> Option<&Self>;
}

impl Handle for Counter {
    const KIND: Kind = Kind::Counter;
    fn of(cell: &Cell) -> Option<&Self> {
        if let Cell::Counter(counter) = cell { Some(counter) } else { None }
    }
}

impl Handle for Gauge {
    const KIND: Kind = Kind::Gauge;
    fn of(cell: &Cell) -> Option<&Self> {
        if let Cell::Gauge(gauge) = cell { Some(gauge) } else { None }
    }
}

impl Handle for Histogram {
    const KIND: Kind = Kind::Histogram;
    fn of(cell: &Cell) -> Option<&Self> {
        if let Cell::Histogram(histogram) = cell { Some(histogram) } else { None }
    }
}

/// What all series of one name have in common.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    /// Empty unless it is a histogram.
    pub(crate) bounds: Arc<[f64]>,
}

/// The series of one metric, in the order of their tags when asked for.
///
/// Apart from [`Metric`], to which every series points back: a cycle would never be freed.
#[derive(Debug, Default)]
pub(crate) struct SeriesList {
    inner: Mutex<Inner>,
    /// Read while values are copied, written while they move from one series to another. Writers of values know
    /// nothing of it.
    values: RwLock<()>,
}

#[derive(Debug, Default)]
struct Inner {
    all: Vec<Arc<Series>>,
    /// Counts the changes of `all`.
    version: u64,
    sorted: Option<Arc<[Arc<Series>]>>,
}

impl Inner {
    fn changed(&mut self) {
        self.version += 1;
        self.sorted = None;
    }
}

impl SeriesList {
    pub(crate) fn push(&self, series: Arc<Series>) {
        let mut inner = self.inner.lock();
        series.place.store(inner.all.len(), Relaxed);
        inner.all.push(series);
        inner.changed();
    }

    /// Takes out a series that is there.
    pub(crate) fn remove(&self, series: &Series) {
        let mut inner = self.inner.lock();
        let place = series.place.load(Relaxed);
        inner.all.swap_remove(place);
        if let Some(moved) = inner.all.get(place) {
            moved.place.store(place, Relaxed);
        }
        inner.changed();
    }

    /// The series that were not used in `epoch` or later. That a handle is held is a use in the epoch `now`.
    pub(crate) fn idle_since(&self, epoch: u64, now: u64) -> Vec<Arc<Series>> {
        let mut all: Vec<_> = self.inner.lock().all.clone();
        all.retain(|series| {
            if series.cell.is_held() && series.used.load(Relaxed) != Series::NEVER_IDLE {
                series.touch(now);
            }
            series.is_idle_since(epoch)
        });
        all
    }

    /// All series but the overflow series.
    pub(crate) fn kept(&self) -> Vec<Arc<Series>> {
        let mut all: Vec<_> = self.inner.lock().all.clone();
        all.retain(|series| series.used.load(Relaxed) != Series::NEVER_IDLE);
        all
    }

    /// Keeps readers out while values move between series; `None` if some are in and `wait` is not set.
    pub(crate) fn apart_from_readers(&self, wait: bool) -> Option<RwLockWriteGuard<'_, ()>> {
        if wait { Some(self.values.write()) } else { self.values.try_write() }
    }

    /// The sorted series: a copy of one pointer unless the list has changed since the last call.
    pub(crate) fn sorted(&self) -> Arc<[Arc<Series>]> {
        let (mut all, version) = {
            let inner = self.inner.lock();
            if let Some(sorted) = &inner.sorted {
                return Arc::clone(sorted);
            }
            (inner.all.clone(), inner.version)
        };
        // Sorted outside the lock: whoever registers a series meanwhile does not wait for it.
        all.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        let sorted: Arc<[_]> = all.into();
        let mut inner = self.inner.lock();
        if inner.version == version {
            inner.sorted = Some(Arc::clone(&sorted));
        }
        sorted
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.lock().all.len()
    }

    /// The series, sorted, with the values of this moment.
    pub(crate) fn read(&self) -> (Arc<[Arc<Series>]>, Vec<Value>) {
        let _in_one_step = self.values.read();
        let sorted = self.sorted();
        let values = sorted.iter().map(|series| series.cell.read()).collect();
        (sorted, values)
    }
}
