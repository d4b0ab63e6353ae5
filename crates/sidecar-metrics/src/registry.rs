//! All metrics and series that were registered, within their bounds.

mod state;

use crate::buckets;
use crate::error::RegisterError;
use crate::gather::Joined;
use crate::handle::{Cell, Counter, Gauge, Histogram};
use crate::kind::Kind;
use crate::labels::Key;
use crate::misuse::Misuse;
use crate::names::check_name;
use crate::series::{Handle, Metric};
use crate::unit::Unit;
use parking_lot::RwLock;
use sidecar_core::histogram::FixedHistogram;
use state::State;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// How many series there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) series_per_metric: usize,
    /// Series in all, and metrics in all.
    pub(crate) series: usize,
}

/// The registered metrics. One lock: read by lookups, written by the first use of a series, and held for
/// neither rendering nor anything that a caller passes in. Handles do not come back here.
#[derive(Debug)]
pub(crate) struct Registry {
    limits: Limits,
    /// Keyed per collector, because tag values may come from an attacker.
    hasher: RandomState,
    state: RwLock<State>,
    misuse: Arc<Misuse>,
}

impl Registry {
    pub(crate) fn new(limits: Limits, misuse: Arc<Misuse>) -> Self {
        Self { limits, hasher: RandomState::new(), state: RwLock::default(), misuse }
    }

    /// Hands the series to `then`, registering it first if it is new. A series beyond the bounds is its
    /// metric's overflow series.
    ///
    /// `then` is one of ours and short: it may run under the read lock, which saves counting references.
    pub(crate) fn with<H: Handle, T>(
        &self,
        name: &str,
        tags: &[(&str, &str)],
        then: impl FnOnce(&H) -> T,
    ) -> Result<T, RegisterError> {
        let key = Key::new(name, tags);
        let hash = self.hasher.hash_one(&key);
        let clash = |first| Err(RegisterError::KindClash { name: name.to_owned(), first, wanted: H::KIND });
        let apply = |metric: &Metric, cell: &Cell| match H::of(cell) {
            Some(handle) => Ok(then(handle)),
            None => clash(metric.kind),
        };
        if key.leaves_out_tags() {
            key.check()?;
        }
        if let Some(series) = self.state.read().find(hash, &key) {
            return apply(&series.metric, &series.cell);
        }
        key.check()?;
        if let Some(series) = self.state.read().overflow_for(&key, self.limits) {
            return apply(&series.metric, &series.cell);
        }
        let make = |metric: &Metric| self.cell(metric);
        let series = self.state.write().register(hash, &key, H::KIND, self.limits, make)?;
        apply(&series.metric, &series.cell)
    }

    fn cell(&self, metric: &Metric) -> Result<Cell, RegisterError> {
        Ok(match metric.kind {
            Kind::Counter => Cell::Counter(Counter::default()),
            Kind::Gauge => Cell::Gauge(Gauge::default()),
            Kind::Histogram => {
                let buckets = FixedHistogram::new(Arc::clone(&metric.bounds))
                    .map_err(|error| RegisterError::Buckets { name: metric.name.to_string(), error })?;
                Cell::Histogram(Histogram::new(buckets, Arc::clone(&self.misuse)))
            }
        })
    }

    /// Sets unit and help of a metric, registered or not.
    pub(crate) fn describe(&self, name: &str, unit: Unit, help: &str) -> Result<(), RegisterError> {
        check_name(name)?;
        self.state.write().describe(name, unit, help, self.limits)
    }

    /// Sets the buckets of a histogram that has no series yet.
    pub(crate) fn set_bounds(&self, name: &str, bounds: &[f64]) -> Result<(), RegisterError> {
        check_name(name)?;
        let bounds = buckets::check(bounds)
            .map_err(|error| RegisterError::Buckets { name: name.to_owned(), error })?;
        self.state.write().set_bounds(name, bounds, self.limits)
    }

    pub(crate) fn overflowing(&self) -> Vec<Arc<str>> {
        self.state.read().overflowing()
    }

    /// All registered metrics with their series, sorted by name.
    pub(crate) fn metrics(&self) -> Vec<Joined> {
        let registered = self.state.read().registered();
        let joined = |metric: state::Listed| Joined {
            name: Arc::clone(&metric.metric.name),
            kind: metric.metric.kind,
            help: metric.help,
            unit: metric.unit,
            series: metric.list.sorted(),
            pulled: Vec::new(),
        };
        registered.into_iter().map(joined).collect()
    }
}
