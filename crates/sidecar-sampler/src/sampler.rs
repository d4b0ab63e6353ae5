//! The sampler: thresholds by type, worked out when first needed.

use crate::builder::SamplerBuilder;
use crate::draw::Draws;
use crate::rates::Rates;
use arc_swap::ArcSwap;
use sidecar_core::{EventTypes, Probability, SettingsError, TypeId};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// Stands where a threshold is yet to be worked out. No threshold is above 2^63.
const UNRESOLVED: u64 = u64::MAX;

/// Decides which events are kept. Cheap to clone; clones share the rates.
#[derive(Clone)]
pub struct Sampler {
    shared: Arc<Shared>,
}

struct Shared {
    names: EventTypes,
    draws: Draws,
    rates: ArcSwap<Rates>,
    changing: Mutex<()>,
    thresholds: Box<[AtomicU64]>,
}

impl Sampler {
    /// Starts building a sampler.
    pub fn builder() -> SamplerBuilder {
        SamplerBuilder::default()
    }

    pub(crate) fn new(rates: Rates, draws: Draws, names: EventTypes) -> Self {
        let thresholds = (0..names.limit()).map(|_| AtomicU64::new(UNRESOLVED)).collect();
        // Types with a rate of their own get their place before a flood of others can fill the table.
        rates.types().for_each(|name| {
            names.intern(name);
        });
        let rates = ArcSwap::from_pointee(rates);
        Self { shared: Arc::new(Shared { names, draws, rates, changing: Mutex::new(()), thresholds }) }
    }

    /// The id of `event_type`, to be resolved once and used often.
    pub fn intern(&self, event_type: &str) -> TypeId {
        self.shared.names.intern(event_type)
    }

    /// The table of names that the ids belong to.
    #[must_use]
    pub fn names(&self) -> &EventTypes {
        &self.shared.names
    }

    /// Whether to keep an event of this type, and with what probability that was decided.
    #[must_use]
    pub fn sample(&self, event_type: TypeId) -> Option<Probability> {
        let probability = Probability::from_threshold(self.shared.threshold(event_type))?;
        (probability == Probability::CERTAIN || probability.covers(self.shared.draws.next()))
            .then_some(probability)
    }

    /// Whether to keep an event of this type, by name.
    #[must_use]
    pub fn should_sample(&self, event_type: &str) -> bool {
        self.sample(self.intern(event_type)).is_some()
    }

    /// Changes the rate of a signal while running.
    ///
    /// # Errors
    /// When the signal is unknown or the rate is not a number from 0.0 to 1.0; the rates stay as they were.
    pub fn set_rate(&self, signal: &str, rate: f64) -> Result<(), SettingsError> {
        self.shared.change(|rates| rates.set_signal(signal, rate))
    }

    /// Changes the rate of one event type while running.
    ///
    /// # Errors
    /// When the rate is not a number from 0.0 to 1.0, or 1 024 types have one already.
    pub fn set_event_type_rate(&self, event_type: &str, rate: f64) -> Result<(), SettingsError> {
        self.shared.change(|rates| rates.set_type(event_type, rate))?;
        self.intern(event_type);
        Ok(())
    }

    /// The rate in force for an event type.
    #[must_use]
    pub fn rate(&self, event_type: TypeId) -> f64 {
        Probability::from_threshold(self.shared.threshold(event_type)).map_or(0.0, Probability::as_f64)
    }
}

impl Shared {
    fn threshold(&self, event_type: TypeId) -> u64 {
        let Some(slot) = self.thresholds.get(event_type.index()) else {
            return self.rates.load().threshold("");
        };
        // Relaxed: a threshold stands for itself; nothing else is read on the strength of it.
        match slot.load(Relaxed) {
            UNRESOLVED => self.resolve(event_type, slot),
            threshold => threshold,
        }
    }

    /// Slots are filled and cleared under one lock only, so none can keep a rate that has been changed. Whoever
    /// finds the lock taken works the threshold out for itself, without waiting.
    #[cold]
    fn resolve(&self, event_type: TypeId, slot: &AtomicU64) -> u64 {
        let filling = match self.changing.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let threshold = self.rates.load().threshold(&self.names.name(event_type));
        if filling.is_some() {
            slot.store(threshold, Relaxed);
        }
        threshold
    }

    fn change(
        &self,
        edit: impl FnOnce(&mut Rates) -> Result<(), SettingsError>,
    ) -> Result<(), SettingsError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rates = Rates::clone(&self.rates.load());
        edit(&mut rates)?;
        self.rates.store(Arc::new(rates));
        self.thresholds.iter().for_each(|slot| slot.store(UNRESOLVED, Relaxed));
        Ok(())
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("rates", &self.shared.rates.load()).finish_non_exhaustive()
    }
}
