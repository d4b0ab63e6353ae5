//! A metric and its series inside the registry.

use crate::families::Sample;
use crate::handle::{Cell, Counter, Gauge, Histogram};
use crate::kind::Kind;
use crate::labels::{Labels, same};
use parking_lot::Mutex;
use std::sync::Arc;

/// One series.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) metric: Arc<Metric>,
    pub(crate) labels: Arc<Labels>,
    pub(crate) cell: Cell,
}

impl Series {
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
}

/// Series are only ever added, so a sorted copy that is as long as `all` holds all of them.
#[derive(Debug, Default)]
struct Inner {
    all: Vec<Arc<Series>>,
    sorted: Option<Arc<[Arc<Series>]>>,
}

impl SeriesList {
    pub(crate) fn push(&self, series: Arc<Series>) {
        let mut inner = self.inner.lock();
        inner.all.push(series);
        inner.sorted = None;
    }

    /// The sorted series: a copy of one pointer unless some were added since the last call.
    fn sorted(&self) -> Arc<[Arc<Series>]> {
        let mut all = {
            let inner = self.inner.lock();
            if let Some(sorted) = &inner.sorted {
                return Arc::clone(sorted);
            }
            inner.all.clone()
        };
        // Sorted outside the lock: whoever registers a series meanwhile does not wait for it.
        all.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        let sorted: Arc<[_]> = all.into();
        let mut inner = self.inner.lock();
        if inner.all.len() == sorted.len() {
            inner.sorted = Some(Arc::clone(&sorted));
        }
        sorted
    }

    /// The series with the values of this moment.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let sample =
            |series: &Arc<Series>| Sample { labels: Arc::clone(&series.labels), value: series.cell.read() };
        self.sorted().iter().map(sample).collect()
    }
}
