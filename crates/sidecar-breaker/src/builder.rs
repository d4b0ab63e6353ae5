//! Building a breaker.

use crate::circuit::Circuit;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::{Breaker, BreakerSettings, Dropped, Policy, SettingsError};
use sidecar_core::Clock;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

/// Longest name, in bytes. Longer ones are refused, not cut, so that two breakers never share a name.
const MAX_NAME_BYTES: usize = 256;

/// How much of a refused name its error shows: enough to recognise it.
const SHOWN_NAME_CHARS: usize = 32;

/// The settings of a breaker to be built.
#[derive(Clone, Debug)]
#[must_use = "nothing is protected until the breaker is built"]
pub struct BreakerBuilder {
    name: Arc<str>,
    settings: BreakerSettings,
    clock: Clock,
    seed: Option<u64>,
    follows: bool,
}

impl BreakerBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, settings: BreakerSettings::default(), clock: Clock::new(), seed: None, follows: false }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn follows(&self) -> bool {
        self.follows
    }

    /// Has the breaker follow the registry in which it is registered: what it is not given is what
    /// [`set_defaults`](crate::BreakerRegistry::set_defaults) says there, then and from then on. It matters to no
    /// breaker without a registry, nor to one that is there already. Defaults to not following.
    pub fn follow(mut self) -> Self {
        self.follows = true;
        self
    }

    /// Replaces all settings at once. Defaults to [`BreakerSettings::default`].
    pub fn settings(mut self, settings: BreakerSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Failures inside the window that open the breaker, at least 1. Defaults to 5.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.settings.set_failure_threshold(failures);
        self
    }

    /// How long a failure counts, above zero. Defaults to 120 seconds.
    pub fn sliding_window(mut self, window: Duration) -> Self {
        self.settings.set_sliding_window(window);
        self
    }

    /// What opens the breaker. Takes the place of `failure_threshold` and `sliding_window` given before, as
    /// they take the place of it when given after. Defaults to those.
    pub fn policy(mut self, policy: impl Into<Policy>) -> Self {
        self.settings.set_policy(policy);
        self
    }

    /// How long the open breaker refuses calls before one may probe, above zero. Defaults to 60 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.set_timeout(timeout);
        self
    }

    /// By what the open time grows with every probe that fails, until the breaker closes; 1.0 to 100.0.
    /// Defaults to 1.0: it stays as it is.
    pub fn timeout_multiplier(mut self, multiplier: f64) -> Self {
        self.settings.set_timeout_multiplier(multiplier);
        self
    }

    /// The longest open time, whether grown, lengthened at random or wished for by the dependency; at least
    /// `timeout`. Defaults to ten times that.
    pub fn max_timeout(mut self, timeout: Duration) -> Self {
        self.settings.set_max_timeout(timeout);
        self
    }

    /// Lengthens each open time at random by up to this share of it, 0.0 to 1.0, so that many programs do not
    /// probe at the same moment. Defaults to 0.0.
    pub fn timeout_jitter(mut self, share: f64) -> Self {
        self.settings.set_timeout_jitter(share);
        self
    }

    /// Probes in flight while half-open, 1 to 255. Defaults to 3.
    pub fn half_open_max_calls(mut self, calls: u32) -> Self {
        self.settings.set_half_open_max_calls(calls);
        self
    }

    /// Successful probes of one round that close the breaker, at least 1. Defaults to 2.
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.settings.set_success_threshold(successes);
        self
    }

    /// How long a half-open round may last before it counts as failed, above zero. Defaults to `timeout`.
    pub fn probe_timeout(mut self, timeout: Duration) -> Self {
        self.settings.set_probe_timeout(timeout);
        self
    }

    /// How a call counts that ends without a verdict. Defaults to [`Dropped::Ignore`].
    pub fn dropped(mut self, dropped: Dropped) -> Self {
        self.settings.set_dropped(dropped);
        self
    }

    /// The monotonic clock, for tests in virtual time. Defaults to the machine's.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The seed of what is random, for tests that repeat. Defaults to one that nobody knows.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Builds the breaker, closed.
    ///
    /// # Errors
    /// When the name or a setting is out of range: which, its value and what is allowed.
    pub fn build(self) -> Result<Breaker, SettingsError> {
        if !(1..=MAX_NAME_BYTES).contains(&self.name.len()) {
            let start: String = self.name.chars().take(SHOWN_NAME_CHARS).collect();
            let rest = if start.len() < self.name.len() { "..." } else { "" };
            let value = format!("{start:?}{rest} ({} bytes)", self.name.len());
            return Err(SettingsError::new("name", value, "a text of 1 to 256 bytes"));
        }
        let limits = Limits::new(&self.settings)?;
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(&self.name));
        let circuit = Circuit::new(Identity::new(self.name), self.settings, limits, self.clock, seed);
        Ok(Breaker { circuit: Arc::new(circuit) })
    }
}
