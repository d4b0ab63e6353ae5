//! A sampler at one moment, as plain data.

use crate::anomalies::AnomalyCounts;
use crate::signal::Signal;
use std::time::Duration;

/// Rates, boosts and throttle at one moment. Serialises (feature `serde`) with the fields' names; durations as
/// milliseconds in fields that end in `_ms`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SamplerStats {
    /// Whether anomalies boost.
    pub adaptive: bool,
    /// The share of every rate that may pass, 0.0 to 1.0.
    pub throttle: f64,
    /// Every signal, in the order of [`Signal::ALL`].
    pub signals: Vec<SignalStats>,
    /// Event types boosted on their own.
    pub boosted_types: Vec<BoostedType>,
}

impl SamplerStats {
    /// What stands here of `signal`.
    #[must_use]
    pub fn signal(&self, signal: Signal) -> Option<&SignalStats> {
        self.signals.iter().find(|stats| stats.signal == signal)
    }
}

/// One signal at one moment.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SignalStats {
    /// Which signal.
    pub signal: Signal,
    /// The rate as configured, 0.0 to 1.0: of types that have none of their own.
    pub rate: f64,
    /// The rate in force: configured, boosted and throttled.
    pub rate_in_force: f64,
    /// How long the boost in force still lasts, if one is.
    #[cfg_attr(feature = "serde", serde(rename = "boost_ends_in_ms", serialize_with = "optional_millis"))]
    pub boost_ends_in: Option<Duration>,
    /// Boosts begun, by anomalies and by hand, since the sampler was built.
    pub boosts: u64,
    /// Anomalies reported.
    pub anomalies: AnomalyCounts,
}

/// An event type with a boost of its own.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BoostedType {
    /// The type's name.
    pub event_type: String,
    /// By how much its rate is multiplied.
    pub factor: f64,
    /// How long the boost still lasts.
    #[cfg_attr(feature = "serde", serde(rename = "boost_ends_in_ms", serialize_with = "millis"))]
    pub boost_ends_in: Duration,
}

#[cfg(feature = "serde")]
fn millis<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(feature = "serde")]
fn optional_millis<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => millis(duration, serializer),
        None => serializer.serialize_none(),
    }
}
