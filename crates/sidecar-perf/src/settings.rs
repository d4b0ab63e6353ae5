//! Settings of a monitor.

use crate::monitor::PerfMonitor;
use sidecar_core::{Clock, SettingsError, probability};
use std::time::Duration;

/// The percentiles that are shown, unless set.
pub const DEFAULT_PERCENTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// Most percentiles that are shown.
pub const MAX_PERCENTILES: usize = 32;
/// Default length of the rolling window.
pub const DEFAULT_WINDOW: Duration = Duration::from_secs(60);
/// Shortest window.
pub const MIN_WINDOW: Duration = Duration::from_secs(1);
/// Longest window.
pub const MAX_WINDOW: Duration = Duration::from_secs(86_400);
/// Operations with figures of their own, unless set. Those beyond share one.
pub const DEFAULT_MAX_OPERATIONS: usize = 1_000;
/// The most that `max_operations` can be.
pub const MAX_OPERATIONS: usize = 100_000;

/// What can be changed while a monitor runs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PerfSettings {
    /// Whether operations are recorded. Those that have begun are recorded in any case. Defaults to `true`.
    pub enabled: bool,
    /// The share of durations that is recorded, from 0.0 to 1.0. Counts are exact whatever it is. Defaults to 1.0.
    pub sample_rate: f64,
    /// The percentiles that figures list, each from 0.0 to 1.0, at most [`MAX_PERCENTILES`]. Defaults to
    /// [`DEFAULT_PERCENTILES`].
    pub percentiles: Vec<f64>,
}

impl Default for PerfSettings {
    fn default() -> Self {
        Self { enabled: true, sample_rate: 1.0, percentiles: DEFAULT_PERCENTILES.to_vec() }
    }
}

impl PerfSettings {
    /// Checks every setting. Returns what a draw has to stay below for a duration to be recorded.
    pub(crate) fn threshold(&self) -> Result<u64, SettingsError> {
        let threshold = probability::threshold("sample_rate", self.sample_rate)?;
        if self.percentiles.len() > MAX_PERCENTILES {
            let value = format!("of length {}", self.percentiles.len());
            return Err(SettingsError::new("percentiles", value, "of length 32 at most"));
        }
        match self.percentiles.iter().find(|percentile| !(0.0..=1.0).contains(*percentile)) {
            Some(bad) => Err(SettingsError::new("percentiles", bad, "numbers from 0.0 to 1.0")),
            None => Ok(threshold),
        }
    }
}

/// Builds a [`PerfMonitor`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct PerfMonitorBuilder {
    settings: PerfSettings,
    window: Duration,
    max_operations: usize,
    clock: Clock,
}

impl PerfMonitorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            settings: PerfSettings::default(),
            window: DEFAULT_WINDOW,
            max_operations: DEFAULT_MAX_OPERATIONS,
            clock: Clock::new(),
        }
    }

    /// Whether operations are recorded. Defaults to `true`.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.settings.enabled = enabled;
        self
    }

    /// The share of durations that is recorded, from 0.0 to 1.0; counts are exact whatever it is. Defaults to 1.0.
    pub fn sample_rate(mut self, rate: f64) -> Self {
        self.settings.sample_rate = rate;
        self
    }

    /// The percentiles that figures list, each from 0.0 to 1.0, at most 32. Defaults to 0.5, 0.95 and 0.99.
    pub fn percentiles(mut self, percentiles: impl IntoIterator<Item = f64>) -> Self {
        self.settings.percentiles = percentiles.into_iter().collect();
        self
    }

    /// Length of the rolling window, from 1 s to 24 h. Defaults to 60 s.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Operations with figures of their own, from 1 to 100 000. Those beyond share the one named
    /// [`OVERFLOW`](crate::OVERFLOW), which is not counted. Defaults to 1 000.
    pub fn max_operations(mut self, most: usize) -> Self {
        self.max_operations = most;
        self
    }

    /// The clock that operations and windows are measured with. Defaults to the machine's monotonic clock.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Checks every setting and builds the monitor.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn build(self) -> Result<PerfMonitor, SettingsError> {
        let threshold = self.settings.threshold()?;
        if !(MIN_WINDOW..=MAX_WINDOW).contains(&self.window) {
            let value = format!("{:?}", self.window);
            return Err(SettingsError::new("window", value, "a duration from 1 s to 24 h"));
        }
        if !(1..=MAX_OPERATIONS).contains(&self.max_operations) {
            return Err(SettingsError::new("max_operations", self.max_operations, "from 1 to 100000"));
        }
        Ok(PerfMonitor::new(self.settings, threshold, self.window, self.max_operations, self.clock))
    }
}
