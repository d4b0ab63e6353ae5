//! When anomalies boost a signal, by how much and for how long.

use sidecar_core::SettingsError;
use sidecar_core::clock::nanos;
use std::time::Duration;

/// Anomalies of a signal that boost it, unless configured.
pub const DEFAULT_ANOMALY_THRESHOLD: u32 = 5;
/// How long an anomaly counts, unless configured.
pub const DEFAULT_ANOMALY_WINDOW: Duration = Duration::from_secs(60);
/// By how much a boost multiplies a rate, unless configured.
pub const DEFAULT_BOOST_FACTOR: f64 = 5.0;
/// How long a boost lasts, unless configured.
pub const DEFAULT_BOOST_DURATION: Duration = Duration::from_secs(60);
/// How long after a boost no anomaly begins another, unless configured.
pub const DEFAULT_BOOST_COOLDOWN: Duration = Duration::from_secs(60);

/// The most that `anomaly_threshold` may be: that many times are remembered per signal.
const MAX_ANOMALY_THRESHOLD: u32 = 1_000;
const MAX_BOOST_FACTOR: f64 = 1_000.0;
const SHORTEST: Duration = Duration::from_millis(1);
pub(crate) const LONGEST: Duration = Duration::from_secs(86_400);

/// When anomalies boost a signal, as given: see [`SamplerBuilder`](crate::SamplerBuilder) for each.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdaptiveSettings {
    /// Whether anomalies boost at all.
    pub enabled: bool,
    /// How many anomalies do, from 1 to 1 000.
    pub anomaly_threshold: u32,
    /// How long an anomaly counts, from 1 ms to a day.
    pub anomaly_window: Duration,
    /// By how much a boost multiplies a rate, from 1.0 to 1 000.0.
    pub boost_factor: f64,
    /// How long it lasts, from 1 ms to a day.
    pub boost_duration: Duration,
    /// How long after it no other begins, at most a day.
    pub boost_cooldown: Duration,
}

impl Default for AdaptiveSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            anomaly_threshold: DEFAULT_ANOMALY_THRESHOLD,
            anomaly_window: DEFAULT_ANOMALY_WINDOW,
            boost_factor: DEFAULT_BOOST_FACTOR,
            boost_duration: DEFAULT_BOOST_DURATION,
            boost_cooldown: DEFAULT_BOOST_COOLDOWN,
        }
    }
}

impl AdaptiveSettings {
    pub(crate) fn check(&self) -> Result<Adaptive, SettingsError> {
        if !(1..=MAX_ANOMALY_THRESHOLD).contains(&self.anomaly_threshold) {
            let allowed = "a number from 1 to 1000";
            return Err(SettingsError::new("anomaly_threshold", self.anomaly_threshold, allowed));
        }
        if !(1.0..=MAX_BOOST_FACTOR).contains(&self.boost_factor) {
            return Err(SettingsError::new("boost_factor", self.boost_factor, "a number from 1.0 to 1000.0"));
        }
        if self.boost_cooldown > LONGEST {
            let allowed = "a duration of at most a day";
            return Err(SettingsError::new("boost_cooldown", format!("{:?}", self.boost_cooldown), allowed));
        }
        Ok(Adaptive {
            given: self.clone(),
            enabled: self.enabled,
            threshold: self.anomaly_threshold as usize,
            window: duration("anomaly_window", self.anomaly_window)?,
            factor: self.boost_factor,
            duration: duration("boost_duration", self.boost_duration)?,
            cooldown: nanos(self.boost_cooldown),
        })
    }
}

fn duration(field: &'static str, given: Duration) -> Result<u64, SettingsError> {
    if (SHORTEST..=LONGEST).contains(&given) {
        Ok(nanos(given))
    } else {
        Err(SettingsError::new(field, format!("{given:?}"), "a duration from 1 ms to a day"))
    }
}

/// The settings as checked; times in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Adaptive {
    pub(crate) given: AdaptiveSettings,
    pub(crate) enabled: bool,
    pub(crate) threshold: usize,
    pub(crate) window: u64,
    pub(crate) factor: f64,
    pub(crate) duration: u64,
    pub(crate) cooldown: u64,
}
