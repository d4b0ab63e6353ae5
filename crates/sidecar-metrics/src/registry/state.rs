//! What the registry's lock guards.

use super::Limits;
use super::refused::Refused;
use super::table::Table;
use crate::buckets;
use crate::error::RegisterError;
use crate::handle::Cell;
use crate::kind::Kind;
use crate::labels::{Key, Labels, OVERFLOW_TAG};
use crate::names::{check_suffixes, words};
use crate::series::{Metric, Series, SeriesList};
use crate::unit::Unit;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;

/// All names with what is known of them.
#[derive(Debug, Default)]
pub(super) struct State {
    names: BTreeMap<Arc<str>, Known>,
    /// Series in all, without the overflow series.
    total: usize,
}

/// What is known of a name, which may be described before it is used.
#[derive(Debug)]
struct Known {
    help: Arc<str>,
    unit: Option<Unit>,
    bounds: Option<Arc<[f64]>>,
    registered: Option<Registered>,
}

#[derive(Debug)]
struct Registered {
    metric: Arc<Metric>,
    list: Arc<SeriesList>,
    /// Series without the overflow series.
    count: usize,
    overflow: Option<Overflow>,
}

/// Where the values of series go that a metric has no room for.
#[derive(Debug)]
pub(super) struct Overflow {
    pub(super) series: Arc<Series>,
    pub(super) refused: Box<Refused>,
}

/// A registered metric as it leaves the lock.
pub(super) struct Listed {
    pub(super) metric: Arc<Metric>,
    pub(super) list: Arc<SeriesList>,
    pub(super) help: Arc<str>,
    pub(super) unit: Option<Unit>,
}

impl Overflow {
    /// That a series was refused; not if it is this one that was asked for.
    pub(super) fn note(&self, hash: u64, key: &Key<'_>) {
        if *key.tags != [OVERFLOW_TAG] {
            self.refused.note(hash);
        }
    }
}

impl Registered {
    fn is_full(&self, key: &Key<'_>, total: usize, limits: Limits) -> bool {
        key.belongs_to_overflow() || self.count >= limits.series_per_metric || total >= limits.series
    }
}

impl Registered {
    fn overflow(
        &mut self,
        make: impl Fn(&Metric) -> Result<Cell, RegisterError>,
    ) -> Result<&Overflow, RegisterError> {
        if self.overflow.is_none() {
            self.overflow = Some(self.make_overflow(make)?);
        }
        Ok(self.overflow.as_ref().expect("made above"))
    }

    fn make_overflow(
        &self,
        make: impl Fn(&Metric) -> Result<Cell, RegisterError>,
    ) -> Result<Overflow, RegisterError> {
        let metric = Arc::clone(&self.metric);
        let cell = make(&metric)?;
        let series = Arc::new(Series::new(metric, Labels::new(&[OVERFLOW_TAG]), cell, 0, Series::NEVER_IDLE));
        self.list.push(Arc::clone(&series));
        Ok(Overflow { series, refused: Box::default() })
    }
}

impl State {
    /// The overflow series, if it is there and is where `key` belongs.
    pub(super) fn overflow_for(&self, key: &Key<'_>, limits: Limits) -> Option<&Overflow> {
        let registered = self.names.get(key.name)?.registered.as_ref()?;
        if registered.is_full(key, self.total, limits) { registered.overflow.as_ref() } else { None }
    }

    /// The series of `key`, or the overflow series that takes its place; either is made if need be. `epoch` is the
    /// present one.
    #[expect(clippy::too_many_arguments, reason = "parts of the registry that cannot be borrowed as a whole")]
    pub(super) fn register(
        &mut self,
        table: &Table,
        hash: u64,
        epoch: u64,
        key: &Key<'_>,
        kind: Kind,
        limits: Limits,
        make: impl Fn(&Metric) -> Result<Cell, RegisterError>,
    ) -> Result<Arc<Series>, RegisterError> {
        // Another thread may have come first since the caller looked.
        if let Some(series) = table.find(hash, key.name, &key.tags, Arc::clone) {
            return Ok(series);
        }
        let total = self.total;
        let registered = self.registered_as(key.name, kind, limits)?;
        let full = registered.is_full(key, total, limits);
        if full {
            let overflow = registered.overflow(make)?;
            overflow.note(hash, key);
            return Ok(Arc::clone(&overflow.series));
        }
        let metric = Arc::clone(&registered.metric);
        let cell = make(&metric)?;
        let series = Arc::new(Series::new(metric, Labels::new(&key.tags), cell, hash, epoch));
        registered.list.push(Arc::clone(&series));
        registered.count += 1;
        self.total += 1;
        table.insert(Arc::clone(&series));
        Ok(series)
    }

    /// The overflow series of a metric that is registered; made if need be.
    pub(super) fn overflow_of(
        &mut self,
        metric: &Metric,
        make: impl Fn(&Metric) -> Result<Cell, RegisterError>,
    ) -> Result<Arc<Series>, RegisterError> {
        let registered = self.names.get_mut(&metric.name).and_then(|known| known.registered.as_mut());
        let overflow = registered.expect("a metric stays").overflow(make)?;
        Ok(Arc::clone(&overflow.series))
    }

    /// Takes a series out, unless it was used in `epoch` or later, or somebody holds a handle of it.
    pub(super) fn remove(&mut self, table: &Table, series: &Arc<Series>, epoch: u64) -> bool {
        let known = self.names.get_mut(&series.metric.name);
        let Some(registered) = known.and_then(|known| known.registered.as_mut()) else { return false };
        // Whoever looks a series up, and uses it or takes a handle, holds the lock of the table or that of this state.
        let removed = table.remove_if(series, |series| series.is_idle_since(epoch));
        if removed {
            registered.count -= 1;
            self.total -= 1;
        }
        removed
    }

    /// The series of the metrics that take no more.
    pub(super) fn crowded(&self, limits: Limits) -> Vec<Arc<SeriesList>> {
        let registered = self.names.values().filter_map(|known| known.registered.as_ref());
        let is_crowded = |it: &&Registered| {
            it.count > 0 && (it.count >= limits.series_per_metric || self.total >= limits.series)
        };
        registered.filter(is_crowded).map(|it| Arc::clone(&it.list)).collect()
    }

    /// The metric of this name, made as `kind` if it is new.
    fn registered_as(
        &mut self,
        name: &str,
        kind: Kind,
        limits: Limits,
    ) -> Result<&mut Registered, RegisterError> {
        match self.kind_of(name) {
            Some(first) if first != kind => {
                return Err(RegisterError::KindClash { name: name.to_owned(), first, wanted: kind });
            }
            Some(_) => {}
            None => check_suffixes(name, kind, |other| self.kind_of(other))?,
        }
        let known = self.known(name, limits)?;
        let bounds = || match (&known.bounds, kind) {
            (_, Kind::Counter | Kind::Gauge) => Arc::default(),
            (Some(bounds), Kind::Histogram) => Arc::clone(bounds),
            (None, Kind::Histogram) => buckets::defaults(name).into(),
        };
        Ok(known.registered.get_or_insert_with(|| Registered {
            metric: Arc::new(Metric { name: name.into(), kind, bounds: bounds() }),
            list: Arc::default(),
            count: 0,
            overflow: None,
        }))
    }

    fn kind_of(&self, name: &str) -> Option<Kind> {
        Some(self.names.get(name)?.registered.as_ref()?.metric.kind)
    }

    /// What is known of `name`, from now on something.
    fn known(&mut self, name: &str, limits: Limits) -> Result<&mut Known, RegisterError> {
        let full = self.names.len() >= limits.series;
        match self.names.entry(name.into()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(_) if full => {
                Err(RegisterError::TooManyMetrics { name: name.to_owned(), limit: limits.series })
            }
            Entry::Vacant(entry) => Ok(entry.insert(Known {
                help: words(name).into(),
                unit: None,
                bounds: None,
                registered: None,
            })),
        }
    }

    pub(super) fn describe(
        &mut self,
        name: &str,
        unit: Option<Unit>,
        help: &str,
        limits: Limits,
    ) -> Result<(), RegisterError> {
        let known = self.known(name, limits)?;
        known.unit = unit.or(known.unit);
        if !help.is_empty() {
            known.help = help.into();
        }
        Ok(())
    }

    pub(super) fn set_bounds(
        &mut self,
        name: &str,
        bounds: Arc<[f64]>,
        limits: Limits,
    ) -> Result<(), RegisterError> {
        let known = self.known(name, limits)?;
        match known.registered.as_ref().map(|registered| &registered.metric) {
            None => {
                known.bounds = Some(bounds);
                Ok(())
            }
            Some(metric) if metric.kind != Kind::Histogram => Err(RegisterError::KindClash {
                name: name.to_owned(),
                first: metric.kind,
                wanted: Kind::Histogram,
            }),
            Some(metric) if metric.bounds == bounds => Ok(()),
            Some(_) => Err(RegisterError::BucketsInUse { name: name.to_owned() }),
        }
    }

    /// Names of metrics with an overflow series, sorted.
    pub(super) fn overflowing(&self) -> Vec<Arc<str>> {
        let overflows = |known: &Known| known.registered.as_ref().is_some_and(|it| it.overflow.is_some());
        self.names.iter().filter(|(_, known)| overflows(known)).map(|(name, _)| Arc::clone(name)).collect()
    }

    /// What is known of refused series: name, how many times, about how many, and those that were not.
    pub(super) fn refused(&self) -> Vec<(Arc<str>, u64, u64, Arc<SeriesList>)> {
        let refused = |(name, known): (&Arc<str>, &Known)| {
            let registered = known.registered.as_ref()?;
            let refused = &registered.overflow.as_ref()?.refused;
            let (times, distinct) = (refused.times(), refused.distinct());
            (times > 0).then(|| (Arc::clone(name), times, distinct, Arc::clone(&registered.list)))
        };
        self.names.iter().filter_map(refused).collect()
    }

    /// The registered metrics, sorted by name.
    pub(super) fn registered(&self) -> Vec<Listed> {
        let listed = |known: &Known| {
            known.registered.as_ref().map(|registered| Listed {
                metric: Arc::clone(&registered.metric),
                list: Arc::clone(&registered.list),
                help: Arc::clone(&known.help),
                unit: known.unit,
            })
        };
        self.names.values().filter_map(listed).collect()
    }
}
