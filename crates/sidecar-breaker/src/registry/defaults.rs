//! What breakers of attributes have where the attribute gives nothing, and which breakers these are.

use super::{BreakerRegistry, RegisterError};
use crate::{Breaker, BreakerBuilder, BreakerSettings, SettingsError};
use sidecar_core::panics;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(super) struct Defaults {
    /// Held over the update of followers, which runs no user code: so all of them end up with what was given last.
    inner: Mutex<Inner>,
    errors: AtomicU64,
}

#[derive(Default)]
struct Inner {
    settings: BreakerSettings,
    /// As many as there are places in the code at most, and no more than the registry holds; those places hold
    /// handles for ever, too.
    followers: Vec<Breaker>,
}

impl Defaults {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For [`protected`](crate::protected).
impl BreakerRegistry {
    /// The settings of breakers made by `#[protected]`, as far as an attribute does not give them itself: of those
    /// that are there and of those to come. Replaces what was set before; a setting that is not given here either has
    /// its own default. Breakers that were registered by hand stay as they are.
    ///
    /// What is there is updated as by [`Breaker::update`], also where that was called by hand.
    ///
    /// # Errors
    /// When a setting is out of range; nothing has changed then. Together with what an attribute gives, one may be so
    /// that is not by itself (a `max_timeout` below the attribute's `timeout`): such a breaker has what its attribute
    /// gives alone, which counts as one of the [`errors`](Self::errors).
    pub fn set_defaults(&self, settings: BreakerSettings) -> Result<(), SettingsError> {
        settings.validate()?;
        let mut troubles = Vec::new();
        {
            let mut inner = self.shared.defaults.lock();
            inner.settings = settings;
            troubles
                .extend(inner.followers.iter().filter_map(|breaker| layer(breaker, &inner.settings).err()));
        }
        troubles.iter().for_each(|trouble| self.note(trouble));
        Ok(())
    }

    /// How often a place in the code with `#[protected]` did not get the breaker it asks for, or not with the settings
    /// it should have. Each is logged, too.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.shared.defaults.errors.load(Ordering::Relaxed)
    }

    /// As [`register`](Self::register); a breaker that is new has the defaults where `builder` gives nothing, and goes
    /// on following them. What goes wrong with these is told beside it.
    pub(crate) fn register_following(
        &self,
        builder: BreakerBuilder,
    ) -> Result<(Breaker, Option<String>), RegisterError> {
        // Not under the lock of the defaults: with what is thrown out go listeners, and what they own is foreign.
        let (breaker, is_new) = self.find_or_add(builder)?;
        if !is_new {
            return Ok((breaker, None));
        }
        let mut inner = self.shared.defaults.lock();
        let trouble = layer(&breaker, &inner.settings).err();
        inner.followers.push(breaker.clone());
        Ok((breaker, trouble))
    }

    /// Counts a trouble and tells the log, which is foreign code: not to be called under a lock.
    pub(crate) fn note(&self, trouble: &str) {
        self.shared.defaults.errors.fetch_add(1, Ordering::Relaxed);
        let _ = panics::contain(|| tracing::warn!("{trouble}"));
    }
}

/// Gives `breaker` the defaults below what it was built with, or that alone if they do not go together.
fn layer(breaker: &Breaker, defaults: &BreakerSettings) -> Result<(), String> {
    let given = breaker.circuit.given();
    let together = breaker.update(given.clone().over(defaults));
    together.map_err(|error| {
        // It was built with these.
        let _ = breaker.update(given.clone());
        format!("circuit breaker {} goes without the configured settings: {error}", breaker.name())
    })
}
