//! Settings of a monitor.

use crate::driver;
use crate::history::Lengths;
use crate::monitor::PerfMonitor;
use crate::pulse::Pulse;
use crate::settings::PerfSettings;
use sidecar_core::clock::nanos;
use sidecar_core::{Clock, SettingsError, StartError};
use std::time::Duration;

/// Default length of the rolling window.
pub const DEFAULT_WINDOW: Duration = Duration::from_secs(60);
/// Shortest window.
pub const MIN_WINDOW: Duration = Duration::from_millis(100);
/// Default length of the long window, which objectives are judged by.
pub const DEFAULT_RETENTION: Duration = Duration::from_secs(3_600);
/// Longest window.
pub const MAX_RETENTION: Duration = Duration::from_secs(365 * 86_400);
/// Default limit of operations.
pub const DEFAULT_MAX_OPERATIONS: usize = 1_000;
/// Highest limit of operations.
pub const MAX_OPERATIONS: usize = 100_000;

/// Builds a [`PerfMonitor`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct PerfMonitorBuilder {
    settings: PerfSettings,
    window: Duration,
    retention: Option<Duration>,
    max_operations: usize,
    clock: Clock,
}

impl PerfMonitorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            settings: PerfSettings::default(),
            window: DEFAULT_WINDOW,
            retention: None,
            max_operations: DEFAULT_MAX_OPERATIONS,
            clock: Clock::new(),
        }
    }

    /// Length of the rolling window, from 100 ms to a year. Its twelfth is how exact it is. Defaults to 60 s.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Length of the long window, which objectives are judged by too, from that of the window to a year. Defaults to
    /// an hour, or to the window where that is longer.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = Some(retention);
        self
    }

    /// The percentiles to be shown, each from 0.0 to 1.0, at most 32. Defaults to 0.5, 0.95 and 0.99.
    pub fn percentiles(mut self, percentiles: impl IntoIterator<Item = f64>) -> Self {
        self.settings.percentiles = percentiles.into_iter().collect();
        self
    }

    /// Operations at most, from 1 to 100 000; those beyond share the operation `overflow`. Defaults to 1 000.
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.max_operations = operations;
        self
    }

    /// Memory to keep within, in bytes, at least 64 KiB. Half of it is for the cells that threads have of their own;
    /// threads beyond that share. Above it a tick merges slices, up to a quarter of their window. Defaults to 20 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_bytes = bytes;
        self
    }

    /// The share of durations that is recorded, from 0.0 to 1.0. Counts are exact all the same. Defaults to 1.0.
    pub fn sample_rate(mut self, rate: f64) -> Self {
        self.settings.sample_rate = rate;
        self
    }

    /// Whether operations are recorded. Defaults to `true`.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.settings.enabled = enabled;
        self
    }

    /// The clock that operations are timed with. Defaults to the machine's monotonic clock.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Checks every setting and builds the monitor. Somebody has to call [`PerfMonitor::tick`].
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn build(self) -> Result<PerfMonitor, SettingsError> {
        if !(MIN_WINDOW..=MAX_RETENTION).contains(&self.window) {
            let value = format!("{:?}", self.window);
            return Err(SettingsError::new("window", value, "a duration from 100 ms to 365 days"));
        }
        let retention = self.retention.unwrap_or(DEFAULT_RETENTION.max(self.window));
        if !(self.window..=MAX_RETENTION).contains(&retention) {
            let value = format!("{retention:?}");
            return Err(SettingsError::new("retention", value, "a duration from the window to 365 days"));
        }
        if !(1..=MAX_OPERATIONS).contains(&self.max_operations) {
            return Err(SettingsError::new("max_operations", self.max_operations, "from 1 to 100000"));
        }
        let threshold = self.settings.threshold()?;
        let lengths = Lengths { window: nanos(self.window), retention: nanos(retention) };
        let pulse = Pulse::new(self.clock, threshold);
        Ok(PerfMonitor::new(pulse, lengths, self.settings, self.max_operations))
    }

    /// Builds the monitor and a thread, `sidecar-perf`, that ticks it until the last handle is dropped.
    ///
    /// # Errors
    /// When a setting is out of its range, or the system has no room for a thread.
    pub fn start(self) -> Result<PerfMonitor, StartError> {
        let monitor = self.build().map_err(StartError::Settings)?;
        driver::spawn(&monitor).map_err(StartError::Thread)?;
        Ok(monitor)
    }
}
