//! Settings of a sampler.

use crate::draw::Draws;
use crate::rates::Rates;
use crate::sampler::Sampler;
use sidecar_core::{EventTypes, SettingsError};
use std::sync::atomic::AtomicU64;

/// Builds a [`Sampler`]; see the crate's documentation for the rates and their defaults.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct SamplerBuilder {
    signals: Vec<(String, f64)>,
    event_types: Vec<(String, f64)>,
    keep_all: bool,
    seed: Option<u64>,
    names: Option<EventTypes>,
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
    /// When a signal is unknown, a rate is not a number from 0.0 to 1.0, or too many types have one.
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
        Ok(Sampler::new(rates, draws, self.names.unwrap_or_default()))
    }
}
