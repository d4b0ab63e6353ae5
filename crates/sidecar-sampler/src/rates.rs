//! Configured rates, and the threshold that follows from them for an event type.

use crate::signal::Signal;
use sidecar_core::{SettingsError, probability};
use std::collections::HashMap;

/// Most event types that may have a rate of their own.
pub(crate) const MAX_TYPE_RATES: usize = 1_024;

/// Thresholds as configured; immutable once published.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates {
    signals: [Option<u64>; Signal::ALL.len()],
    types: HashMap<String, u64>,
    keep_all: bool,
}

impl Rates {
    pub(crate) fn keep_all(&mut self) {
        self.keep_all = true;
    }

    pub(crate) fn set_signal(&mut self, name: &str, rate: f64) -> Result<(), SettingsError> {
        let signal = Signal::from_name(name).ok_or_else(|| {
            let allowed = "one of events, traces, profiling, test_events, perf_metrics, debug_logs";
            SettingsError::new("signal", format!("{name:?}"), allowed)
        })?;
        self.signals[signal.index()] = Some(probability::threshold(signal.name(), rate)?);
        Ok(())
    }

    pub(crate) fn set_type(&mut self, event_type: &str, rate: f64) -> Result<(), SettingsError> {
        let event_type = sidecar_core::event_type::cut_name(event_type);
        let threshold = probability::threshold("event_types", rate)?;
        if self.types.len() >= MAX_TYPE_RATES && !self.types.contains_key(event_type) {
            let allowed = "at most 1024 event types with a rate of their own";
            return Err(SettingsError::new("event_types", format!("{event_type:?} as one more"), allowed));
        }
        self.types.insert(event_type.to_owned(), threshold);
        Ok(())
    }

    /// Takes over what `given` configures; whether everything else is kept stays as it is.
    pub(crate) fn replace(&mut self, given: Self) {
        *self = Self { keep_all: self.keep_all, ..given };
    }

    /// The types with a rate of their own.
    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// The threshold for `event_type`: its own or its signal's.
    pub(crate) fn threshold(&self, event_type: &str) -> u64 {
        let own = self.types.get(event_type).copied();
        own.unwrap_or_else(|| self.signal_threshold(Signal::of(event_type)))
    }

    /// The threshold for types of `signal` without one of their own: the signal's, that of `events`, or the
    /// default.
    pub(crate) fn signal_threshold(&self, signal: Signal) -> u64 {
        let default = || {
            let rate = if self.keep_all { 1.0 } else { signal.default_rate() };
            probability::threshold(signal.name(), rate).unwrap_or(probability::ONE)
        };
        self.signals[signal.index()].or(self.signals[Signal::Events.index()]).unwrap_or_else(default)
    }
}
