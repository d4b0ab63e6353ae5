//! Settings of a sampler.

use crate::adaptive::AdaptiveSettings;
use crate::draw::Draws;
use crate::rates::Rates;
use crate::sampler::Sampler;
use crate::shared::Shared;
use sidecar_core::{Clock, EventTypes, SettingsError};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Builds a [`Sampler`]; see the crate's documentation for the rates and their defaults.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct SamplerBuilder {
    signals: Vec<(String, f64)>,
    event_types: Vec<(String, f64)>,
    keep_all: bool,
    seed: Option<u64>,
    names: Option<EventTypes>,
    adaptive: AdaptiveSettings,
    clock: Option<Clock>,
}

impl SamplerBuilder {
    /// The rate of a signal, from 0.0 to 1.0. Defaults to the signal's own, see the crate's documentation.
    pub fn rate(mut self, signal: impl Into<String>, rate: f64) -> Self {
        self.signals.push((signal.into(), rate));
        self
    }

    /// The rate of one event type, from 0.0 to 1.0; at most 1 024 types may have one. Defaults to that of
    /// the type's signal.
    pub fn event_type_rate(mut self, event_type: impl Into<String>, rate: f64) -> Self {
        self.event_types.push((event_type.into(), rate));
        self
    }

    /// Makes 1.0 the rate wherever none is given. Defaults to the signals' own defaults.
    pub fn keep_all(mut self) -> Self {
        self.keep_all = true;
        self
    }

    /// Whether anomalies boost the rate of their signal. They are counted either way, and a boost by hand works
    /// either way. Defaults to `true`.
    pub fn adaptive(mut self, enabled: bool) -> Self {
        self.adaptive.enabled = enabled;
        self
    }

    /// How many anomalies of a signal boost it, from 1 to 1 000. Defaults to
    /// [`DEFAULT_ANOMALY_THRESHOLD`](crate::DEFAULT_ANOMALY_THRESHOLD), 5.
    pub fn anomaly_threshold(mut self, anomalies: u32) -> Self {
        self.adaptive.anomaly_threshold = anomalies;
        self
    }

    /// How long an anomaly counts, from 1 ms to a day: one exactly that old no longer does. Defaults to
    /// [`DEFAULT_ANOMALY_WINDOW`](crate::DEFAULT_ANOMALY_WINDOW), 60 s.
    pub fn anomaly_window(mut self, window: Duration) -> Self {
        self.adaptive.anomaly_window = window;
        self
    }

    /// By how much a boost that anomalies begin multiplies a rate, from 1.0 to 1 000.0. Defaults to
    /// [`DEFAULT_BOOST_FACTOR`](crate::DEFAULT_BOOST_FACTOR), 5.0.
    pub fn boost_factor(mut self, factor: f64) -> Self {
        self.adaptive.boost_factor = factor;
        self
    }

    /// How long a boost that anomalies begin lasts, from 1 ms to a day. Defaults to
    /// [`DEFAULT_BOOST_DURATION`](crate::DEFAULT_BOOST_DURATION), 60 s.
    pub fn boost_duration(mut self, duration: Duration) -> Self {
        self.adaptive.boost_duration = duration;
        self
    }

    /// How long after the end of a signal's boost anomalies begin no other, from zero to a day. Defaults to
    /// [`DEFAULT_BOOST_COOLDOWN`](crate::DEFAULT_BOOST_COOLDOWN), 60 s.
    pub fn boost_cooldown(mut self, cooldown: Duration) -> Self {
        self.adaptive.boost_cooldown = cooldown;
        self
    }

    /// The clock that boosts and anomalies go by. Defaults to the machine's monotonic one.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Draws the same sequence in every run, shared by all threads: for tests. Defaults to a generator per
    /// thread, seeded by the operating system.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The table of names to share with whoever hands out [`TypeId`](crate::TypeId)s. Defaults to one of
    /// its own.
    pub fn names(mut self, names: EventTypes) -> Self {
        self.names = Some(names);
        self
    }

    /// Checks every setting and builds the sampler.
    ///
    /// # Errors
    /// When a signal is unknown, a rate is not a number from 0.0 to 1.0, too many types have one, or
    /// another setting is out of its range.
    pub fn build(self) -> Result<Sampler, SettingsError> {
        let mut rates = Rates::default();
        if self.keep_all {
            rates.keep_all();
        }
        for (signal, rate) in &self.signals {
            rates.set_signal(signal, *rate)?;
        }
        for (event_type, rate) in &self.event_types {
            rates.set_type(event_type, *rate)?;
        }
        let draws = self.seed.map_or(Draws::PerThread, |seed| Draws::Seeded(AtomicU64::new(seed)));
        let (names, clock) = (self.names.unwrap_or_default(), self.clock.unwrap_or_default());
        Ok(Sampler::new(Shared::new(rates, self.adaptive.check()?, draws, names, clock)))
    }
}
