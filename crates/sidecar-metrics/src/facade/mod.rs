//! The collector behind the `metrics` facade.

mod names;

use crate::collector::MetricsCollector;
use crate::error::RegisterError;
use crate::handle::{Counted, GaugeCell, Recorded};
use crate::unit::Unit;
use metrics::{CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, SharedString};
use names::{metric_name, tag_key};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;

/// What the macros of the [`metrics`] facade record goes to a [`MetricsCollector`], within its bounds.
///
/// A name or label key that the exposition formats do not allow, as with dots or dashes, is written in Prometheus'
/// [escaping of values](https://prometheus.io/docs/instrumenting/escaping_schemes): `U__` in front, `_` as `__`, and
/// any character that is not allowed as its hexadecimal code between underscores. `a.b` becomes `U__a_2e_b`, so it is
/// not confused with `a_b`; names that are allowed stay as they are, but for those that begin with `U__`.
///
/// What is refused all the same, as a name of two kinds, is counted in [`MetricsCollector::errors`], and what is
/// recorded there is dropped. Finding a series takes no allocation where no name has to be changed. A handle of the
/// facade keeps its series, as one of ours does.
#[derive(Clone, Debug)]
pub struct FacadeRecorder {
    collector: MetricsCollector,
}

/// The process has a recorder already, this collector's or another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlreadyInstalled;

impl fmt::Display for AlreadyInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process has a metrics recorder already; there can be only one")
    }
}

impl std::error::Error for AlreadyInstalled {}

impl MetricsCollector {
    /// Has the macros of the [`metrics`] facade record here, from now on and for as long as the process lives.
    ///
    /// Nothing else needs it, and other collectors go on as they were. A handle that a macro gave out before records
    /// nothing, now or later: the facade has it so.
    ///
    /// # Errors
    /// When the process has a recorder already.
    pub fn install_global(&self) -> Result<(), AlreadyInstalled> {
        metrics::set_global_recorder(self.recorder()).map_err(|_| AlreadyInstalled)
    }

    /// A recorder for this collector, for [`metrics::with_local_recorder`] or to build upon.
    #[must_use]
    pub fn recorder(&self) -> FacadeRecorder {
        FacadeRecorder { collector: self.clone() }
    }
}

impl FacadeRecorder {
    /// What `register` answers for the series of `key`; `None`, and counted, if it is refused.
    fn registered<T>(
        &self,
        key: &Key,
        register: impl FnOnce(&str, &[(&str, &str)]) -> Result<T, RegisterError>,
    ) -> Option<T> {
        let name = metric_name(key.name());
        let keys: SmallVec<[Cow<'_, str>; 8]> = key.labels().map(|label| tag_key(label.key())).collect();
        let values = key.labels().map(metrics::Label::value);
        let tags: SmallVec<[(&str, &str); 8]> = keys.iter().map(|key| &**key).zip(values).collect();
        register(&name, &tags).map_err(|error| self.collector.refuse(error)).ok()
    }

    fn describe(&self, name: &KeyName, unit: Option<metrics::Unit>, help: &str) {
        self.collector.describe_as(&metric_name(name.as_str()), unit.and_then(unit_of), help);
    }
}

/// `None` for units that have no word in the formats.
fn unit_of(unit: metrics::Unit) -> Option<Unit> {
    match unit {
        metrics::Unit::Count => Some(Unit::Count),
        metrics::Unit::Percent => Some(Unit::Percent),
        metrics::Unit::Seconds => Some(Unit::Seconds),
        metrics::Unit::Milliseconds => Some(Unit::Milliseconds),
        metrics::Unit::Bytes => Some(Unit::Bytes),
        _ => None,
    }
}

impl metrics::Recorder for FacadeRecorder {
    fn describe_counter(&self, key: KeyName, unit: Option<metrics::Unit>, description: SharedString) {
        self.describe(&key, unit, &description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<metrics::Unit>, description: SharedString) {
        self.describe(&key, unit, &description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<metrics::Unit>, description: SharedString) {
        self.describe(&key, unit, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let counter = self.registered(key, |name, tags| self.collector.counter(name, tags));
        counter.map_or_else(metrics::Counter::noop, |own| metrics::Counter::from_arc(own.into_shared()))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        let gauge = self.registered(key, |name, tags| self.collector.gauge(name, tags));
        gauge.map_or_else(metrics::Gauge::noop, |own| metrics::Gauge::from_arc(own.into_shared()))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let histogram = self.registered(key, |name, tags| self.collector.histogram(name, tags));
        histogram.map_or_else(metrics::Histogram::noop, |own| metrics::Histogram::from_arc(own.into_shared()))
    }
}

impl CounterFn for Counted {
    fn increment(&self, value: u64) {
        self.add(value);
    }

    fn absolute(&self, value: u64) {
        self.raise(value);
    }
}

impl GaugeFn for GaugeCell {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        self.store(value);
    }
}

impl HistogramFn for Recorded {
    fn record(&self, value: f64) {
        self.record(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.record_many(value, count as u64);
    }
}
