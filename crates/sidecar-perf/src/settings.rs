//! What can be changed while a monitor runs.

use sidecar_core::{SettingsError, probability};

/// The percentiles that are shown, unless set.
pub const DEFAULT_PERCENTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// Most percentiles that are shown.
pub const MAX_PERCENTILES: usize = 32;
/// Default memory, in bytes.
pub const DEFAULT_MAX_BYTES: usize = 20 * 1_024 * 1_024;
/// Least memory, in bytes.
pub const MIN_MAX_BYTES: usize = 64 * 1_024;

/// What can be changed while a monitor runs, by [`PerfMonitor::update`](crate::PerfMonitor::update).
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
    /// Memory to keep within, in bytes, at least 64 KiB. Half of it is for the cells that threads have of their own;
    /// threads beyond that share, and cells that are there stay. Above it a tick merges slices, up to a quarter of
    /// their window. Defaults to 20 MiB.
    pub max_bytes: usize,
}

impl Default for PerfSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            sample_rate: 1.0,
            percentiles: DEFAULT_PERCENTILES.to_vec(),
            max_bytes: DEFAULT_MAX_BYTES,
        }
    }
}

impl PerfSettings {
    /// Checks every setting. Returns what a draw has to stay below for a duration to be recorded, if any is.
    pub(crate) fn threshold(&self) -> Result<Option<u64>, SettingsError> {
        let threshold = probability::threshold("sample_rate", self.sample_rate)?;
        if self.percentiles.len() > MAX_PERCENTILES {
            let value = format!("of length {}", self.percentiles.len());
            return Err(SettingsError::new("percentiles", value, "of length 32 at most"));
        }
        if self.max_bytes < MIN_MAX_BYTES {
            return Err(SettingsError::new("max_bytes", self.max_bytes, "at least 65536"));
        }
        match self.percentiles.iter().find(|percentile| !(0.0..=1.0).contains(*percentile)) {
            Some(bad) => Err(SettingsError::new("percentiles", bad, "numbers from 0.0 to 1.0")),
            None => Ok(self.enabled.then_some(threshold)),
        }
    }
}
