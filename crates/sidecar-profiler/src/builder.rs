//! Settings of a profiler.

use crate::budget::Budget;
use crate::driver;
use crate::process::ProcessSource;
use crate::profiler::Profiler;
use crate::source::Source;
use sidecar_core::{Clock, SettingsError, StartError};
use std::fmt;
use std::time::Duration;

/// Default time between readings.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);
/// Shortest time between readings: CPU time comes in steps of 10 ms on Linux, so a shorter one says little.
pub const MIN_INTERVAL: Duration = Duration::from_millis(200);
/// Longest time between readings.
pub const MAX_INTERVAL: Duration = Duration::from_secs(3_600);
/// Default limit of the sidecar's own CPU use, in percent of one core.
pub const DEFAULT_MAX_CPU_PERCENT: f64 = 5.0;
/// Default limit of the sidecar's own memory, in MB.
pub const DEFAULT_MAX_MEMORY_MB: f64 = 100.0;

/// Builds a [`Profiler`].
#[must_use = "a builder does nothing until it is built"]
pub struct ProfilerBuilder {
    interval: Duration,
    max_cpu_percent: f64,
    max_memory_mb: f64,
    clock: Clock,
    source: Box<dyn Source>,
}

impl ProfilerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            interval: DEFAULT_INTERVAL,
            max_cpu_percent: DEFAULT_MAX_CPU_PERCENT,
            max_memory_mb: DEFAULT_MAX_MEMORY_MB,
            clock: Clock::new(),
            source: Box::new(ProcessSource::default()),
        }
    }

    /// Time between readings, from 200 ms to one hour. Defaults to 1 s.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Limit of the sidecar's own CPU use, in percent of one core, above 0. Defaults to 5.0.
    pub fn max_cpu_percent(mut self, percent: f64) -> Self {
        self.max_cpu_percent = percent;
        self
    }

    /// Limit of the sidecar's own memory, in MB of 1 048 576 bytes, above 0. Defaults to 100.0.
    pub fn max_memory_mb(mut self, megabytes: f64) -> Self {
        self.max_memory_mb = megabytes;
        self
    }

    /// The clock that intervals and windows are measured with. Defaults to the machine's monotonic clock.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Where the figures come from. Defaults to the process this runs in.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.source = Box::new(source);
        self
    }

    /// Checks every setting, builds the profiler and takes the first reading. The rest are taken by
    /// [`Profiler::tick`].
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn build(self) -> Result<Profiler, SettingsError> {
        if !(MIN_INTERVAL..=MAX_INTERVAL).contains(&self.interval) {
            let value = format!("{:?}", self.interval);
            return Err(SettingsError::new("interval", value, "a duration from 200 ms to 1 h"));
        }
        let budget = Budget::new(self.max_cpu_percent, self.max_memory_mb)?;
        Ok(Profiler::new(self.clock, self.interval, budget, self.source))
    }

    /// Builds the profiler and a thread, `sidecar-profile`, that ticks it until the last handle is dropped.
    ///
    /// # Errors
    /// When a setting is out of its range, or the system has no room for a thread.
    pub fn start(self) -> Result<Profiler, StartError> {
        let profiler = self.build().map_err(StartError::Settings)?;
        driver::spawn(&profiler).map_err(StartError::Thread)?;
        Ok(profiler)
    }
}

impl fmt::Debug for ProfilerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfilerBuilder")
            .field("interval", &self.interval)
            .field("max_cpu_percent", &self.max_cpu_percent)
            .field("max_memory_mb", &self.max_memory_mb)
            .finish_non_exhaustive()
    }
}
