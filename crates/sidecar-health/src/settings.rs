//! Settings that may change while components are checked.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::SettingsError;
use crate::builder::{DEFAULT_CHECK_INTERVAL, DEFAULT_DEGRADED_THRESHOLD};
use crate::component::check_time;

/// The settings of a health checker that may change while it runs: see [`HealthBuilder`](crate::HealthBuilder) for
/// each.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HealthSettings {
    /// Whether the application's components are checked.
    pub enabled: bool,
    /// The interval of components that name none of their own; 1 ms to 24 h.
    pub check_interval: Duration,
    /// The share of working components below which the whole is unhealthy; 0.0 (never) to 1.0.
    pub degraded_threshold: f64,
    /// Names of components that are critical, whatever they say themselves.
    pub critical_components: BTreeSet<String>,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            check_interval: DEFAULT_CHECK_INTERVAL,
            degraded_threshold: DEFAULT_DEGRADED_THRESHOLD,
            critical_components: BTreeSet::new(),
        }
    }
}

impl HealthSettings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        check_time("check_interval", self.check_interval)?;
        if !(0.0..=1.0).contains(&self.degraded_threshold) {
            let allowed = "a share from 0.0 to 1.0";
            return Err(SettingsError::new("degraded_threshold", self.degraded_threshold, allowed));
        }
        Ok(())
    }
}
