//! Which share of what is kept: `runtime.sidecar.sampling`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
pub use sidecar_sampler::{DEFAULT_BOOST_DURATION, DEFAULT_BOOST_FACTOR};

/// The rates of `runtime.sidecar.sampling`, each from 0.0 to 1.0.
///
/// A rate that is `None` was not configured; whoever samples decides what that means.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Sampling {
    /// The rate of ordinary events. Defaults to not configured.
    pub events: Option<f64>,
    /// The rate of types that begin with `trace` or `span`. Defaults to not configured.
    pub traces: Option<f64>,
    /// The rate of types that begin with `profil`. Defaults to not configured.
    pub profiling: Option<f64>,
    /// The rate of types that begin with `test`. Defaults to not configured.
    pub test_events: Option<f64>,
    /// The rate of types that begin with `perf`. Defaults to not configured.
    pub perf_metrics: Option<f64>,
    /// The rate of types that begin with `debug` or `log`. Defaults to not configured.
    pub debug_logs: Option<f64>,
    /// Rates of single event types, by name. Defaults to none.
    pub event_types: BTreeMap<String, f64>,
    /// Boosts after anomalies. Defaults to enabled.
    pub adaptive: Adaptive,
}

impl Sampling {
    /// The signals, by the names that configuration and code use.
    pub const SIGNALS: [&'static str; 6] =
        ["events", "traces", "profiling", "test_events", "perf_metrics", "debug_logs"];

    /// Each signal with its configured rate.
    pub fn rates(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        let rates =
            [self.events, self.traces, self.profiling, self.test_events, self.perf_metrics, self.debug_logs];
        Self::SIGNALS.into_iter().zip(rates)
    }

    pub(super) fn rate_mut(&mut self, signal: &str) -> Option<&mut Option<f64>> {
        Some(match signal {
            "events" => &mut self.events,
            "traces" => &mut self.traces,
            "profiling" => &mut self.profiling,
            "test_events" => &mut self.test_events,
            "perf_metrics" => &mut self.perf_metrics,
            "debug_logs" => &mut self.debug_logs,
            _ => return None,
        })
    }
}

/// Boosts after anomalies: `runtime.sidecar.sampling.adaptive`.
///
/// Anomalies are what the program reports through the sampler's `report_anomaly`, and what is detected in events.
///
/// Written as the word `enabled` or `disabled`, as a flag, or as a map of the fields. A word or flag says
/// nothing about the other fields: they keep what a weaker file says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Adaptive {
    /// Whether anomalies boost rates. Defaults to `true`.
    pub enabled: bool,
    /// Whether anomalies are looked for in events: a field `status` that says that something failed, and a
    /// `duration_ms` far above those before it of the same event type, of the first 64 types that have one. Defaults to not set: `true` in the program
    /// `sidecar`, `false` elsewhere.
    pub detect: Option<bool>,
    /// How much a boost multiplies a rate, from 1 to 1000. Defaults to [`DEFAULT_BOOST_FACTOR`].
    pub boost_factor: f64,
    /// How long a boost lasts, from 1 ms to a day. Defaults to [`DEFAULT_BOOST_DURATION`].
    #[serde(with = "sidecar_config::seconds")]
    pub boost_duration: Duration,
}

impl Default for Adaptive {
    fn default() -> Self {
        let (boost_factor, boost_duration) = (DEFAULT_BOOST_FACTOR, DEFAULT_BOOST_DURATION);
        Self { enabled: true, detect: None, boost_factor, boost_duration }
    }
}

impl<'de> Deserialize<'de> for Adaptive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrMap)
    }
}

struct WordOrMap;

/// The long form.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    enabled: bool,
    detect: Option<bool>,
    boost_factor: f64,
    #[serde(with = "sidecar_config::seconds")]
    boost_duration: Duration,
}

impl Default for Fields {
    fn default() -> Self {
        let Adaptive { enabled, detect, boost_factor, boost_duration } = Adaptive::default();
        Self { enabled, detect, boost_factor, boost_duration }
    }
}

impl<'de> Visitor<'de> for WordOrMap {
    type Value = Adaptive;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enabled, disabled, true, false, or a map")
    }

    fn visit_bool<E: Error>(self, enabled: bool) -> Result<Adaptive, E> {
        Ok(Adaptive { enabled, ..Adaptive::default() })
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Adaptive, E> {
        match word {
            "enabled" => self.visit_bool(true),
            "disabled" => self.visit_bool(false),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Adaptive, A::Error> {
        let Fields { enabled, detect, boost_factor, boost_duration } =
            Fields::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Adaptive { enabled, detect, boost_factor, boost_duration })
    }
}
