//! Setting up a collector.

use crate::alerts::DEFAULT_ALERT_INTERVAL;
use crate::collector::MetricsCollector;
use crate::error::RegisterError;
use crate::history::HistorySettings;
use crate::registry::Limits;
use sidecar_core::clock::nanos;
use sidecar_core::{Clock, SettingsError};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Series per metric unless set.
pub const DEFAULT_MAX_SERIES_PER_METRIC: usize = 1_000;

/// Series in all unless set.
pub const DEFAULT_MAX_SERIES: usize = 10_000;

/// The largest bound that can be set.
pub const MAX_SERIES_BOUND: usize = 1_000_000;

const ALERT_INTERVALS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);
/// The idle timeout unless set.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(600);

const IDLE_TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(365 * 86_400);

const ALLOWED: &str = "a number from 1 to 1000000";

/// Builds a [`MetricsCollector`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct MetricsBuilder {
    limits: Limits,
    alert_interval: Duration,
    history: HistorySettings,
    created_samples: bool,
    idle_timeout: Option<Duration>,
    clock: Clock,
    buckets: Vec<(String, Vec<f64>)>,
}

impl MetricsBuilder {
    pub(crate) fn new() -> Self {
        Self {
            limits: Limits {
                series_per_metric: DEFAULT_MAX_SERIES_PER_METRIC,
                series: DEFAULT_MAX_SERIES,
                idle: None,
            },
            idle_timeout: Some(DEFAULT_IDLE_TIMEOUT),
            clock: Clock::new(),
            buckets: Vec::new(),
            alert_interval: DEFAULT_ALERT_INTERVAL,
            history: HistorySettings::default(),
            created_samples: false,
        }
    }

    /// How many series one metric may have, its overflow series not counted.
    ///
    /// Defaults to 1 000.
    pub fn max_series_per_metric(mut self, series: usize) -> Self {
        self.limits.series_per_metric = series;
        self
    }

    /// How many series all metrics may have together, overflow series not counted; and how many metrics there
    /// may be, used or described.
    ///
    /// Defaults to 10 000.
    pub fn max_series(mut self, series: usize) -> Self {
        self.limits.series = series;
        self
    }

    /// How often alert rules are evaluated: no oftener than
    /// [`tick`](MetricsCollector::tick) is called.
    ///
    /// Defaults to 5 s. From 100 ms to 1 h.
    pub fn alert_interval(mut self, interval: Duration) -> Self {
        self.alert_interval = interval;
        self
    }

    /// For how long the history keeps ten-second points, rounded up to whole seconds. Points of one second are
    /// kept for 5 minutes.
    ///
    /// Defaults to [`DEFAULT_RETENTION`](crate::DEFAULT_RETENTION), an hour. From 300 s to 7 days.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.history.retention = retention;
        self
    }

    /// How many bytes the history may take. When they are used, the finest points go first, of these the oldest.
    ///
    /// Defaults to [`DEFAULT_HISTORY_BYTES`](crate::DEFAULT_HISTORY_BYTES), 30 MB. From 64 kB to 1 GB.
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.history.bytes = bytes;
        self
    }

    /// Whether OpenMetrics text says when each counter and histogram began, by a sample `x_created`. It tells a reader
    /// of a restart that the values do not show.
    ///
    /// Defaults to no: unless it is told to read them, Prometheus takes each for one more series, which doubles those
    /// of counters. Only for what this collector counts: when a source's counter began is not known.
    pub fn created_samples(mut self, shown: bool) -> Self {
        self.created_samples = shown;
        self
    }

    /// The upper bounds of a histogram's buckets, as [`MetricsCollector::buckets`] sets them; the last call for a name
    /// stands.
    ///
    /// Defaults to those that fit the unit in the name, see there.
    pub fn buckets(mut self, name: impl Into<String>, bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets.push((name.into(), bounds.into()));
        self
    }

    /// How long a series must not have been used by name, and be held by nobody, to give up its room when new series
    /// need it; `None` for never. See [`MetricsCollector::reclaim`].
    ///
    /// Defaults to 10 minutes; from 1 second to 365 days.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    /// The clock that tells how long a series was idle.
    ///
    /// Defaults to the machine's.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The collector.
    ///
    /// # Errors
    /// When a bound is not within 1 to [`MAX_SERIES_BOUND`], or a time or a setting of the history not within its range;
    /// when the name of a histogram or its bounds are not allowed, or there are more of them than `max_series`.
    pub fn build(self) -> Result<MetricsCollector, SettingsError> {
        let Limits { series_per_metric, series, .. } = self.limits;
        for (field, value) in [("max_series_per_metric", series_per_metric), ("max_series", series)] {
            if !(1..=MAX_SERIES_BOUND).contains(&value) {
                return Err(SettingsError::new(field, value, ALLOWED));
            }
        }
        if let Some(timeout) = self.idle_timeout.filter(|timeout| !IDLE_TIMEOUTS.contains(timeout)) {
            let allowed = "none, or 1 second to 365 days";
            return Err(SettingsError::new("idle_timeout", format!("{timeout:?}"), allowed));
        }
        let interval = self.alert_interval;
        if !ALERT_INTERVALS.contains(&interval) {
            let value = format_args!("{interval:?}");
            return Err(SettingsError::new("alert_interval", value, "from 100 ms to 1 h"));
        }
        self.history.check()?;
        let limits = Limits { idle: self.idle_timeout.map(nanos), ..self.limits };
        let collector =
            MetricsCollector::with_limits(limits, self.clock, &self.history, self.created_samples);
        collector.engine().set_interval(interval);
        for (name, bounds) in &self.buckets {
            collector.buckets(name, bounds).map_err(|error| match error {
                RegisterError::Buckets { error, .. } => error,
                error => SettingsError::new("buckets", error, "a name that is free for a histogram"),
            })?;
        }
        Ok(collector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_that_cannot_be_are_refused() {
        for (name, bounds) in [("h", vec![]), ("h", vec![2.0, 1.0]), ("a.b", vec![1.0])] {
            let error = MetricsBuilder::new().buckets(name, bounds).build().expect_err("not allowed");
            assert_eq!(error.field(), "buckets", "{error}");
        }
    }

    #[test]
    fn bounds_out_of_range_are_refused_by_name() {
        for bad in [0, MAX_SERIES_BOUND + 1] {
            let error = MetricsBuilder::new().max_series_per_metric(bad).build().expect_err("out of range");
            assert_eq!((error.field(), error.value()), ("max_series_per_metric", &*bad.to_string()));
            let error = MetricsBuilder::new().max_series(bad).build().expect_err("out of range");
            assert_eq!((error.field(), error.allowed()), ("max_series", ALLOWED));
        }
        let error = MetricsBuilder::new().idle_timeout(Duration::from_millis(999)).build();
        assert_eq!(error.expect_err("too short").field(), "idle_timeout");
        for good in [None, Some(Duration::from_secs(1)), Some(*IDLE_TIMEOUTS.end())] {
            assert!(MetricsBuilder::new().idle_timeout(good).build().is_ok());
        }
        for bad in [Duration::from_millis(99), Duration::from_millis(3_600_001)] {
            let error = MetricsBuilder::new().alert_interval(bad).build().expect_err("out of range");
            assert_eq!((error.field(), error.value()), ("alert_interval", &*format!("{bad:?}")));
        }
        for good in [1, MAX_SERIES_BOUND] {
            assert!(MetricsBuilder::new().max_series(good).max_series_per_metric(good).build().is_ok());
        }
    }
}
