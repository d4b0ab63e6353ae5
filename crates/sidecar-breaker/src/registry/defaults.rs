//! What breakers have that follow their registry, where they are given nothing.

use super::BreakerRegistry;
use crate::{Breaker, BreakerSettings, SettingsError};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// What followers have below what they were given.
#[derive(Default)]
pub(super) struct Defaults {
    common: BreakerSettings,
    named: BTreeMap<String, BreakerSettings>,
    /// Whether anybody has said what they are.
    are_set: bool,
}

impl Defaults {
    /// Gives `breaker` the defaults below what it was built with, or that alone if they do not go together.
    pub(super) fn give_to(&self, breaker: &Breaker) -> Result<(), String> {
        if !self.are_set {
            return Ok(());
        }
        let given = breaker.circuit.given();
        let mut settings = given.clone();
        if let Some(own) = self.named.get(breaker.name()) {
            settings = settings.over(own);
        }
        breaker.update(settings.over(&self.common)).map_err(|error| {
            // It was built with these.
            let _ = breaker.update(given.clone());
            format!("circuit breaker {} goes without the configured settings: {error}", breaker.name())
        })
    }
}

/// For breakers that [follow](crate::BreakerBuilder::follow).
impl BreakerRegistry {
    /// The settings of breakers that follow the registry, those of `#[protected]` among them, as far as they were not
    /// given them: of those that are there and of those to come. Replaces what was set before; a setting that is not
    /// given here either has its own default. Breakers that do not follow stay as they are.
    ///
    /// What is there is updated as by [`Breaker::update`], also where that was called by hand.
    ///
    /// # Errors
    /// When a setting is out of range; nothing has changed then. Together with what a breaker was given, one may be so
    /// that is not by itself (a `max_timeout` below its own `timeout`): such a breaker has what it was given alone,
    /// which counts as one of the [`errors`](Self::errors).
    pub fn set_defaults(&self, settings: BreakerSettings) -> Result<(), SettingsError> {
        self.set_defaults_by_name(settings, [])
    }

    /// As [`set_defaults`](Self::set_defaults), with settings of single breakers above those of all.
    ///
    /// # Errors
    /// As of [`set_defaults`](Self::set_defaults).
    pub fn set_defaults_by_name(
        &self,
        settings: BreakerSettings,
        named: impl IntoIterator<Item = (String, BreakerSettings)>,
    ) -> Result<(), SettingsError> {
        let named: BTreeMap<_, _> = named.into_iter().collect();
        settings.validate()?;
        named.values().try_for_each(BreakerSettings::validate)?;
        let mut troubles = Vec::new();
        {
            // Over the updates too, so that all followers end up with what was given last. They run no user code.
            let mut defaults = self.shared.registering.lock().unwrap_or_else(PoisonError::into_inner);
            *defaults = Defaults { common: settings, named, are_set: true };
            let entries = self.shared.entries.load();
            let followers = entries.values().filter(|entry| entry.follows());
            troubles.extend(followers.filter_map(|entry| defaults.give_to(entry.breaker()).err()));
        }
        troubles.iter().for_each(|trouble| self.note(trouble));
        Ok(())
    }

    /// How often a breaker did not get the settings it follows, or a place in the code with `#[protected]` not the
    /// breaker it asks for. With the feature `macros` each is logged, too.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.shared.errors.load(Ordering::Relaxed)
    }

    /// Counts a trouble and tells the log, which is foreign code: not to be called under a lock.
    pub(crate) fn note(&self, trouble: &str) {
        self.shared.errors.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "macros")]
        let _ = sidecar_core::panics::contain(|| tracing::warn!("{trouble}"));
        #[cfg(not(feature = "macros"))]
        let _ = trouble;
    }
}
