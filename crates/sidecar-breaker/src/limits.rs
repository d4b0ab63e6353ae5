//! Checked settings in the machine's units.

use crate::open_time::OpenTime;
use crate::{BreakerSettings, Dropped, SettingsError};
use sidecar_core::clock::nanos;
use std::time::Duration;

/// Everything but the policy; durations in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) open_time: OpenTime,
    pub(crate) half_open_max_calls: u32,
    pub(crate) success_threshold: u32,
    pub(crate) probe_timeout: u64,
    pub(crate) dropped: Dropped,
}

impl Limits {
    /// Checks all settings, the policy too.
    pub(crate) fn new(settings: &BreakerSettings) -> Result<Self, SettingsError> {
        positive("failure_threshold", settings.failure_threshold())?;
        span("sliding_window", settings.sliding_window())?;
        let half_open_max_calls = settings.half_open_max_calls();
        if !(1..=BreakerSettings::MAX_HALF_OPEN_MAX_CALLS).contains(&half_open_max_calls) {
            let allowed = "a whole number from 1 to 255";
            return Err(SettingsError::new("half_open_max_calls", half_open_max_calls, allowed));
        }
        let limits = Self {
            open_time: open_time(settings)?,
            half_open_max_calls,
            success_threshold: positive("success_threshold", settings.success_threshold())?,
            probe_timeout: span("probe_timeout", settings.probe_timeout())?,
            dropped: settings.dropped(),
        };
        settings.policy().validate(settings.probe_timeout())?;
        Ok(limits)
    }
}

fn open_time(settings: &BreakerSettings) -> Result<OpenTime, SettingsError> {
    let first = span("timeout", settings.timeout())?;
    let multiplier = settings.timeout_multiplier();
    if !(1.0..=BreakerSettings::MAX_TIMEOUT_MULTIPLIER).contains(&multiplier) {
        return Err(SettingsError::new("timeout_multiplier", multiplier, "a number from 1.0 to 100.0"));
    }
    let longest = settings.max_timeout();
    if longest < settings.timeout() {
        let allowed = "a duration of at least timeout";
        return Err(SettingsError::new("max_timeout", format_args!("{longest:?}"), allowed));
    }
    let jitter = settings.timeout_jitter();
    if !(0.0..=1.0).contains(&jitter) {
        return Err(SettingsError::new("timeout_jitter", jitter, "a number from 0.0 to 1.0"));
    }
    Ok(OpenTime { first, multiplier, longest: nanos(longest), jitter })
}

fn positive(field: &'static str, value: u32) -> Result<u32, SettingsError> {
    if value == 0 {
        return Err(SettingsError::new(field, value, "a whole number from 1 to 4294967295"));
    }
    Ok(value)
}

fn span(field: &'static str, value: Duration) -> Result<u64, SettingsError> {
    if value.is_zero() {
        return Err(SettingsError::new(field, format_args!("{value:?}"), "a duration above zero"));
    }
    Ok(nanos(value))
}
