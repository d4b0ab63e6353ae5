//! The settings of a breaker: what was given, what holds, and the checks.

use crate::limits::Limits;
use crate::{Dropped, Policy, SettingsError};
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
    policy: Option<Policy>,
    timeout: Option<Duration>,
    timeout_multiplier: Option<f64>,
    max_timeout: Option<Duration>,
    timeout_jitter: Option<f64>,
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

    /// How many times `timeout` an open breaker refuses calls at most, when nothing else is given.
    pub const DEFAULT_MAX_TIMEOUT_FACTOR: u32 = 10;
    /// The most that [`timeout_multiplier`](Self::timeout_multiplier) may be.
    pub const MAX_TIMEOUT_MULTIPLIER: f64 = 100.0;

    /// Failures inside the window that open a closed breaker, unless a policy is given.
    #[must_use]
    pub fn failure_threshold(&self) -> u32 {
        self.failure_threshold.unwrap_or(Self::DEFAULT_FAILURE_THRESHOLD)
    }

    /// How long a failure counts, unless a policy is given.
    #[must_use]
    pub fn sliding_window(&self) -> Duration {
        self.sliding_window.unwrap_or(Self::DEFAULT_SLIDING_WINDOW)
    }

    /// What opens a closed breaker: the policy that was given, or else `failure_threshold` failures inside
    /// `sliding_window`.
    #[must_use]
    pub fn policy(&self) -> Policy {
        match &self.policy {
            Some(policy) => policy.clone(),
            None => Policy::failures(self.failure_threshold()).within(self.sliding_window()).into(),
        }
    }

    /// How long an open breaker refuses calls before one may probe.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Self::DEFAULT_TIMEOUT)
    }

    /// By what the open time grows each time that a probe fails; 1.0 unless given.
    #[must_use]
    pub fn timeout_multiplier(&self) -> f64 {
        self.timeout_multiplier.unwrap_or(1.0)
    }

    /// The longest open time, however it came about; ten times [`timeout`](Self::timeout) unless given.
    #[must_use]
    pub fn max_timeout(&self) -> Duration {
        self.max_timeout.unwrap_or_else(|| self.timeout().saturating_mul(Self::DEFAULT_MAX_TIMEOUT_FACTOR))
    }

    /// By which share of itself an open time may be lengthened at random; 0.0 unless given.
    #[must_use]
    pub fn timeout_jitter(&self) -> f64 {
        self.timeout_jitter.unwrap_or(0.0)
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

    /// Gives [`failure_threshold`](Self::failure_threshold), at least 1. Takes back a policy given before.
    pub fn set_failure_threshold(&mut self, failures: u32) -> &mut Self {
        self.policy = None;
        self.failure_threshold = Some(failures);
        self
    }

    /// Gives [`sliding_window`](Self::sliding_window), above zero. Takes back a policy given before.
    pub fn set_sliding_window(&mut self, window: Duration) -> &mut Self {
        self.policy = None;
        self.sliding_window = Some(window);
        self
    }

    /// Gives [`policy`](Self::policy). Takes back `failure_threshold` and `sliding_window` given before.
    pub fn set_policy(&mut self, policy: impl Into<Policy>) -> &mut Self {
        (self.failure_threshold, self.sliding_window) = (None, None);
        self.policy = Some(policy.into());
        self
    }

    /// Gives [`timeout`](Self::timeout), above zero.
    pub fn set_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.timeout = Some(timeout);
        self
    }

    /// Gives [`timeout_multiplier`](Self::timeout_multiplier), 1.0 to 100.0.
    pub fn set_timeout_multiplier(&mut self, multiplier: f64) -> &mut Self {
        self.timeout_multiplier = Some(multiplier);
        self
    }

    /// Gives [`max_timeout`](Self::max_timeout), at least `timeout`.
    pub fn set_max_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.max_timeout = Some(timeout);
        self
    }

    /// Gives [`timeout_jitter`](Self::timeout_jitter), 0.0 to 1.0.
    pub fn set_timeout_jitter(&mut self, share: f64) -> &mut Self {
        self.timeout_jitter = Some(share);
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

    /// These settings, and what `below` gives where they give nothing. `failure_threshold`, `sliding_window` and
    /// `policy` are about the same thing: a policy above leaves no room for the other two below, nor one of these for
    /// a policy below.
    ///
    /// ```
    /// # use sidecar_breaker::BreakerSettings;
    /// let (mut own, mut common) = (BreakerSettings::default(), BreakerSettings::default());
    /// own.set_failure_threshold(2);
    /// common.set_failure_threshold(9).set_success_threshold(1);
    /// let both = own.over(&common);
    /// assert_eq!((both.failure_threshold(), both.success_threshold()), (2, 1));
    /// ```
    #[must_use]
    pub fn over(self, below: &Self) -> Self {
        let is_threshold = self.failure_threshold.is_some() || self.sliding_window.is_some();
        let from_below = self.policy.is_none();
        Self {
            failure_threshold: self.failure_threshold.or(below.failure_threshold.filter(|_| from_below)),
            sliding_window: self.sliding_window.or(below.sliding_window.filter(|_| from_below)),
            policy: self.policy.or_else(|| below.policy.clone().filter(|_| !is_threshold)),
            timeout: self.timeout.or(below.timeout),
            timeout_multiplier: self.timeout_multiplier.or(below.timeout_multiplier),
            max_timeout: self.max_timeout.or(below.max_timeout),
            timeout_jitter: self.timeout_jitter.or(below.timeout_jitter),
            half_open_max_calls: self.half_open_max_calls.or(below.half_open_max_calls),
            success_threshold: self.success_threshold.or(below.success_threshold),
            probe_timeout: self.probe_timeout.or(below.probe_timeout),
            dropped: self.dropped.or(below.dropped),
        }
    }

    /// Checks every setting, as building a breaker does.
    ///
    /// # Errors
    /// The first setting that is out of range, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), SettingsError> {
        Limits::new(self).map(|_| ())
    }
}
