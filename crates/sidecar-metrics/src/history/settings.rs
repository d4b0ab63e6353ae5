//! How much history is kept.

use sidecar_core::SettingsError;
use std::ops::RangeInclusive;
use std::time::Duration;

/// For how long ten-second points are kept unless set.
pub const DEFAULT_RETENTION: Duration = Duration::from_secs(3_600);

/// For how long ten-second points can be kept: 5 minutes to 7 days.
pub const RETENTION: RangeInclusive<Duration> =
    Duration::from_secs(300)..=Duration::from_secs(7 * 24 * 3_600);

/// How many bytes the history may take unless set.
pub const DEFAULT_HISTORY_BYTES: usize = 30_000_000;

/// How many bytes the history may be allowed: 64 kB to 1 GB.
pub const HISTORY_BYTES: RangeInclusive<usize> = 64_000..=1_000_000_000;

#[derive(Clone, Debug)]
pub(crate) struct HistorySettings {
    pub(crate) retention: Duration,
    pub(crate) bytes: usize,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self { retention: DEFAULT_RETENTION, bytes: DEFAULT_HISTORY_BYTES }
    }
}

impl HistorySettings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !RETENTION.contains(&self.retention) {
            let value = format!("{} s", self.retention.as_secs_f64());
            return Err(SettingsError::new("retention", value, "from 300 s to 604800 s (7 days)"));
        }
        if !HISTORY_BYTES.contains(&self.bytes) {
            let allowed = "a number of bytes from 64000 to 1000000000";
            return Err(SettingsError::new("history_bytes", self.bytes, allowed));
        }
        Ok(())
    }
}
