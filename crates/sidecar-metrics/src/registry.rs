//! All metrics and series that were registered, within their bounds.

mod ages;
mod reclaim;
mod refused;
mod state;
mod table;

use crate::buckets;
use crate::error::RegisterError;
use crate::gather::Joined;
use crate::handle::{Cell, Counter, Gauge, Histogram};
use crate::kind::Kind;
use crate::labels::Key;
use crate::misuse::Misuse;
use crate::names::check_name;
use crate::overflow::OverflowReport;
use crate::series::{Handle, Metric, Series, SeriesList};
use crate::slots::Slots;
use crate::unit::Unit;
use ages::Ages;
use parking_lot::RwLock;
use sidecar_core::Clock;
use sidecar_core::histogram::FixedHistogram;
use state::State;
use std::sync::Arc;
use table::Table;

/// How many series there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) series_per_metric: usize,
    /// Series in all, and metrics in all.
    pub(crate) series: usize,
    /// Nanoseconds after which a series that nobody uses or holds may give up its room.
    pub(crate) idle: Option<u64>,
}

/// The registered metrics. A lookup reads one part of the table; the first use of a series writes the state, and
/// then its part of the table. No lock is held for rendering or for anything that a caller passes in. Handles do
/// not come back here.
#[derive(Debug)]
pub(crate) struct Registry {
    limits: Limits,
    ages: Ages,
    table: Table,
    /// Taken before any lock of the table.
    state: RwLock<State>,
    slots: Arc<Slots>,
    misuse: Arc<Misuse>,
}

impl Registry {
    pub(crate) fn new(limits: Limits, clock: Clock, misuse: Arc<Misuse>) -> Self {
        let ages = Ages::new(clock, limits.idle);
        Self {
            limits,
            ages,
            table: Table::default(),
            state: RwLock::default(),
            slots: Arc::default(),
            misuse,
        }
    }

    /// Hands the series to `then`, registering it first if it is new. A series beyond the bounds is its
    /// metric's overflow series.
    ///
    /// `then` is one of ours and short: it may run under a lock, which saves counting references.
    pub(crate) fn with<H: Handle, T>(
        &self,
        name: &str,
        tags: &[(&str, &str)],
        then: impl FnOnce(&H) -> T,
    ) -> Result<T, RegisterError> {
        let mut then = Some(then);
        let hash = self.table.hash(name, tags);
        if !tags.iter().any(|(_, value)| value.is_empty())
            && let Some(found) =
                self.table.find(hash, name, tags, |series| self.apply_used(series, &mut then))
        {
            return found;
        }
        self.with_unusual(hash, &Key::new(name, tags), &mut then)
    }

    /// [`Registry::with`] for a series that is new, beyond the bounds, or not found by its tags as they stand.
    #[cold]
    fn with_unusual<H: Handle, T>(
        &self,
        hash: u64,
        key: &Key<'_>,
        then: &mut Option<impl FnOnce(&H) -> T>,
    ) -> Result<T, RegisterError> {
        key.check()?;
        if let Some(found) =
            self.table.find(hash, key.name, &key.tags, |series| self.apply_used(series, then))
        {
            return found;
        }
        if let Some(found) = self.with_overflow(hash, key, then) {
            return found;
        }
        let make = |metric: &Metric| self.cell(metric);
        let (limits, epoch) = (self.limits, self.ages.epoch());
        let mut state = self.state.write();
        let series = state.register(&self.table, hash, epoch, key, H::KIND, limits, make)?;
        // Still under the lock, so that the series cannot be taken out before.
        apply(&series, then)
    }

    /// Hands the overflow series to `then`, if it is where the key belongs and idle series cannot make room.
    fn with_overflow<H: Handle, T>(
        &self,
        hash: u64,
        key: &Key<'_>,
        then: &mut Option<impl FnOnce(&H) -> T>,
    ) -> Option<Result<T, RegisterError>> {
        let mut state = self.state.read();
        let mut overflow = state.overflow_for(key, self.limits)?;
        if !key.belongs_to_overflow() && self.ages.is_due() {
            drop(state);
            self.make_room(false);
            state = self.state.read();
            overflow = state.overflow_for(key, self.limits)?;
        }
        let applied = apply(&overflow.series, then);
        if applied.is_ok() {
            overflow.note(hash, key);
        }
        Some(applied)
    }

    fn apply_used<H: Handle, T>(
        &self,
        series: &Series,
        then: &mut Option<impl FnOnce(&H) -> T>,
    ) -> Result<T, RegisterError> {
        series.touch(self.ages.epoch());
        apply(series, then)
    }

    /// See [`MetricsCollector::reclaim`](crate::MetricsCollector::reclaim).
    pub(crate) fn reclaim(&self) -> usize {
        self.make_room(true)
    }

    fn cell(&self, metric: &Metric) -> Result<Cell, RegisterError> {
        Ok(match metric.kind {
            Kind::Counter => Cell::Counter(Counter::new(self.slots.take())),
            Kind::Gauge => Cell::Gauge(Gauge::default()),
            Kind::Histogram => {
                let buckets = FixedHistogram::new(Arc::clone(&metric.bounds))
                    .map_err(|error| RegisterError::Buckets { name: metric.name.to_string(), error })?;
                Cell::Histogram(Histogram::new(buckets, Arc::clone(&self.misuse)))
            }
        })
    }

    /// Sets unit and help of a metric, registered or not.
    pub(crate) fn describe(&self, name: &str, unit: Option<Unit>, help: &str) -> Result<(), RegisterError> {
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

    /// See [`MetricsCollector::overflow_report`](crate::MetricsCollector::overflow_report).
    pub(crate) fn overflow_report(&self) -> Vec<OverflowReport> {
        let refused = self.state.read().refused();
        let report = |(name, times, distinct, list): (_, _, _, Arc<SeriesList>)| {
            OverflowReport::new(name, times, distinct, &list)
        };
        let mut reports: Vec<OverflowReport> = refused.into_iter().map(report).collect();
        reports.sort_by_key(|report| std::cmp::Reverse(report.distinct));
        reports
    }

    /// All registered metrics with their series, sorted by name.
    pub(crate) fn metrics(&self) -> Vec<Joined> {
        let registered = self.state.read().registered();
        let joined = |metric: state::Listed| Joined {
            name: Arc::clone(&metric.metric.name),
            kind: metric.metric.kind,
            help: metric.help,
            unit: metric.unit,
            list: Some(metric.list),
            pulled: Vec::new(),
        };
        registered.into_iter().map(joined).collect()
    }
}

/// Calls `then`, which is there, with the series if it is of the right kind.
fn apply<H: Handle, T>(series: &Series, then: &mut Option<impl FnOnce(&H) -> T>) -> Result<T, RegisterError> {
    match H::of(&series.cell) {
        Some(handle) => Ok((then.take().expect("called once"))(handle)),
        None => {
            let (name, first) = (series.metric.name.to_string(), series.metric.kind);
            Err(RegisterError::KindClash { name, first, wanted: H::KIND })
        }
    }
}
