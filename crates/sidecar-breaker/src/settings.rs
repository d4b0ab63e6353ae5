//! The settings of a breaker: what was given, what holds, and the checks.

use crate::{Dropped, SettingsError};
use sidecar_core::clock::nanos;
use std::time::Duration;

/// The settings of a breaker. What was not given has its default.
///
/// Two values are equal if the same settings were *given* the same values: a default that is spelled out
/// differs from one that is left out, because the latter follows whatever it is later layered on.
// Not `Eq`, so that a setting may be a fraction.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BreakerSettings {
    failure_threshold: Option<u32>,
    sliding_window: Option<Duration>,
    timeout: Option<Duration>,
    half_open_max_calls: Option<u32>,
    success_threshold: Option<u32>,
    probe_timeout: Option<Duration>,
    dropped: Option<Dropped>,
}

impl BreakerSettings {
    /// Failures inside the window that open a closed breaker, when nothing else is given.
    pub const DEFAULT_FAILURE_THRESHOLD: u32 = 5;
    /// Length of the sliding window, when nothing else is given.
    pub const DEFAULT_SLIDING_WINDOW: Duration = Duration::from_secs(120);
    /// Time for which an open breaker refuses calls, when nothing else is given.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
    /// Probes in flight while half-open, when nothing else is given.
    pub const DEFAULT_HALF_OPEN_MAX_CALLS: u32 = 3;
    /// Successful probes that close the breaker, when nothing else is given.
    pub const DEFAULT_SUCCESS_THRESHOLD: u32 = 2;
    /// The most probes in flight that may be asked for.
    pub const MAX_HALF_OPEN_MAX_CALLS: u32 = 255;

    /// Failures inside the window that open a closed breaker.
    #[must_use]
    pub fn failure_threshold(&self) -> u32 {
        self.failure_threshold.unwrap_or(Self::DEFAULT_FAILURE_THRESHOLD)
    }

    /// How long a failure counts.
    #[must_use]
    pub fn sliding_window(&self) -> Duration {
        self.sliding_window.unwrap_or(Self::DEFAULT_SLIDING_WINDOW)
    }

    /// How long an open breaker refuses calls before one may probe.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Self::DEFAULT_TIMEOUT)
    }

    /// Probes in flight while half-open.
    #[must_use]
    pub fn half_open_max_calls(&self) -> u32 {
        self.half_open_max_calls.unwrap_or(Self::DEFAULT_HALF_OPEN_MAX_CALLS)
    }

    /// Successful probes of one round that close the breaker.
    #[must_use]
    pub fn success_threshold(&self) -> u32 {
        self.success_threshold.unwrap_or(Self::DEFAULT_SUCCESS_THRESHOLD)
    }

    /// How long a half-open round may last; [`timeout`](Self::timeout) unless given.
    #[must_use]
    pub fn probe_timeout(&self) -> Duration {
        self.probe_timeout.unwrap_or_else(|| self.timeout())
    }

    /// How a call counts that ends without a verdict.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped.unwrap_or_default()
    }

    /// Gives [`failure_threshold`](Self::failure_threshold), at least 1.
    pub fn set_failure_threshold(&mut self, failures: u32) -> &mut Self {
        self.failure_threshold = Some(failures);
        self
    }

    /// Gives [`sliding_window`](Self::sliding_window), above zero.
    pub fn set_sliding_window(&mut self, window: Duration) -> &mut Self {
        self.sliding_window = Some(window);
        self
    }

    /// Gives [`timeout`](Self::timeout), above zero.
    pub fn set_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.timeout = Some(timeout);
        self
    }

    /// Gives [`half_open_max_calls`](Self::half_open_max_calls), 1 to 255.
    pub fn set_half_open_max_calls(&mut self, calls: u32) -> &mut Self {
        self.half_open_max_calls = Some(calls);
        self
    }

    /// Gives [`success_threshold`](Self::success_threshold), at least 1.
    pub fn set_success_threshold(&mut self, successes: u32) -> &mut Self {
        self.success_threshold = Some(successes);
        self
    }

    /// Gives [`probe_timeout`](Self::probe_timeout), above zero.
    pub fn set_probe_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.probe_timeout = Some(timeout);
        self
    }

    /// Gives [`dropped`](Self::dropped).
    pub fn set_dropped(&mut self, dropped: Dropped) -> &mut Self {
        self.dropped = Some(dropped);
        self
    }

    /// Checks every setting, as building a breaker does.
    ///
    /// # Errors
    /// The first setting that is out of range, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), SettingsError> {
        Limits::new(self).map(|_| ())
    }
}

/// Checked settings in the machine's units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) failure_threshold: u64,
    pub(crate) sliding_window: u64,
    pub(crate) timeout: u64,
    pub(crate) half_open_max_calls: u32,
    pub(crate) success_threshold: u32,
    pub(crate) probe_timeout: u64,
    pub(crate) dropped: Dropped,
}

impl Limits {
    pub(crate) fn new(settings: &BreakerSettings) -> Result<Self, SettingsError> {
        let half_open_max_calls = settings.half_open_max_calls();
        if !(1..=BreakerSettings::MAX_HALF_OPEN_MAX_CALLS).contains(&half_open_max_calls) {
            let allowed = "a whole number from 1 to 255";
            return Err(SettingsError::new("half_open_max_calls", half_open_max_calls, allowed));
        }
        Ok(Self {
            failure_threshold: u64::from(positive("failure_threshold", settings.failure_threshold())?),
            sliding_window: span("sliding_window", settings.sliding_window())?,
            timeout: span("timeout", settings.timeout())?,
            half_open_max_calls,
            success_threshold: positive("success_threshold", settings.success_threshold())?,
            probe_timeout: span("probe_timeout", settings.probe_timeout())?,
            dropped: settings.dropped(),
        })
    }
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
