//! What the clones of a sampler share: how a threshold is found, and how what it follows from is changed.

use crate::adaptive::Adaptive;
use crate::anomalies::{Anomaly, Recent};
use crate::boosts::{Boost, Boosts};
use crate::draw::Draws;
use crate::plan::Plan;
use crate::rates::Rates;
use crate::salts::Salts;
use crate::signal::Signal;
use crate::slots::{Slots, Word};
use arc_swap::ArcSwap;
use sidecar_core::probability::ONE;
use sidecar_core::{Clock, EventTypes, SettingsError, TypeId};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

pub(crate) struct Shared {
    pub(crate) names: EventTypes,
    pub(crate) draws: Draws,
    pub(crate) salts: Salts,
    /// The share of every threshold that may pass, in units of 1 / 2^63.
    pub(crate) throttle: AtomicU64,
    pub(crate) adaptive: ArcSwap<Adaptive>,
    pub(crate) clock: Clock,
    pub(crate) plan: ArcSwap<Plan>,
    slots: Slots,
    changing: Mutex<()>,
    /// In memory of their own, so that reports do not disturb decisions.
    recent: Box<[Mutex<Recent>]>,
}

impl Shared {
    pub(crate) fn new(
        rates: Rates,
        adaptive: Adaptive,
        draws: Draws,
        names: EventTypes,
        clock: Clock,
    ) -> Self {
        // Types with a rate of their own get their place before a flood of others can fill the table.
        rates.types().for_each(|name| {
            names.intern(name);
        });
        let plan = Plan { rates: Arc::new(rates), boosts: Boosts::default() };
        Self {
            slots: Slots::new(names.limit()),
            salts: Salts::new(names.limit()),
            throttle: AtomicU64::new(ONE),
            plan: ArcSwap::from_pointee(plan),
            changing: Mutex::new(()),
            recent: Signal::ALL.iter().map(|_| Mutex::default()).collect(),
            names,
            draws,
            adaptive: ArcSwap::from_pointee(adaptive),
            clock,
        }
    }

    /// The threshold in force for a type, boost included, throttle not.
    #[inline]
    pub(crate) fn threshold(&self, event_type: TypeId) -> u64 {
        match self.slots.get(event_type) {
            Word::Threshold(threshold) => threshold,
            word => self.look(event_type, word),
        }
    }

    #[cold]
    fn look(&self, event_type: TypeId, word: Word) -> u64 {
        match word {
            Word::Boosted(threshold) if self.slots.holds(self.clock.now()) => threshold,
            word => self.resolve(event_type, word),
        }
    }

    /// Slots are filled and cleared under one lock only, so none can keep a rate that has been changed. Whoever
    /// finds the lock taken works the threshold out for itself, without waiting.
    fn resolve(&self, event_type: TypeId, seen: Word) -> u64 {
        let filling = match self.changing.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let now = if self.plan.load().boosts.is_empty() { 0 } else { self.clock.now() };
        if filling.is_some() && seen != Word::Unresolved && !self.slots.holds(now) {
            self.end_boosts(now);
        }
        let name = self.names.name(event_type);
        let word = Word::of(self.plan.load().thresholds(event_type, &name, now));
        // An id that no name has yet must not keep the rate of the overflow: the name may come.
        if filling.is_some() && self.names.intern(&name) == event_type {
            self.slots.fill(event_type, word);
        }
        word.threshold().unwrap_or(ONE)
    }

    /// To be called under the lock of changes. Allocates only where the clock has gone back.
    fn end_boosts(&self, now: u64) {
        let plan = self.plan.load();
        if plan.boosts.has_future(now) {
            self.publish(Plan::clone(&plan), now);
        } else {
            self.slots.clear(plan.boosts.window(now));
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called under the lock of changes.
    fn publish(&self, mut plan: Plan, now: u64) {
        plan.boosts.forget_future(now);
        let window = plan.boosts.window(now);
        self.plan.store(Arc::new(plan));
        self.slots.clear(window);
    }

    pub(crate) fn change_rates(
        &self,
        edit: impl FnOnce(&mut Rates) -> Result<(), SettingsError>,
    ) -> Result<(), SettingsError> {
        let _changing = self.lock();
        let Plan { rates, boosts } = Plan::clone(&self.plan.load());
        let mut rates = Rates::clone(&rates);
        edit(&mut rates)?;
        rates.types().for_each(|name| {
            self.names.intern(name);
        });
        self.publish(Plan { rates: Arc::new(rates), boosts }, self.clock.now());
        Ok(())
    }

    /// Whether `edit`, which is told the time, changed the boosts.
    pub(crate) fn change_boosts(&self, edit: impl FnOnce(&mut Boosts, u64) -> bool) -> bool {
        let _changing = self.lock();
        let now = self.clock.now();
        let mut plan = Plan::clone(&self.plan.load());
        let changed = edit(&mut plan.boosts, now);
        if changed {
            self.publish(plan, now);
        }
        changed
    }

    pub(crate) fn recent(&self, signal: Signal) -> MutexGuard<'_, Recent> {
        self.recent[signal.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this anomaly began a boost.
    pub(crate) fn report(&self, signal: Signal, anomaly: Anomaly) -> bool {
        let adaptive = self.adaptive.load();
        let Adaptive { enabled, threshold, window, factor, duration, cooldown, .. } = **adaptive;
        let mut recent = self.recent(signal);
        let now = self.clock.now();
        let enough = recent.report(anomaly, now, threshold, window);
        // A look without the lock, so that a storm of anomalies during a boost does not queue for it.
        if !enough || !enabled || !self.plan.load().boosts.is_ready(signal, now, cooldown) {
            return false;
        }
        let begun = self.change_boosts(|boosts, now| {
            let is_ready = boosts.is_ready(signal, now, cooldown);
            if is_ready {
                boosts.begin(signal, Boost { factor, began: now, until: now.saturating_add(duration) });
            }
            is_ready
        });
        if begun {
            recent.forget();
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adaptive::AdaptiveSettings;

    #[test]
    fn the_first_decision_after_the_end_of_a_boost_says_until_when_the_others_hold() {
        let (clock, time) = Clock::mock();
        let adaptive = AdaptiveSettings::default().check().expect("valid");
        let shared =
            Shared::new(Rates::default(), adaptive, Draws::PerThread, EventTypes::default(), clock.clone());
        shared.change_boosts(|boosts, now| {
            for (signal, until) in [(Signal::Events, 100), (Signal::Traces, 1_000)] {
                boosts.begin(signal, Boost { factor: 2.0, began: now, until });
            }
            true
        });
        let (short, long) = (shared.names.intern("e"), shared.names.intern("span"));
        let boosted = [short, long].map(|id| shared.threshold(id));
        time.increment(100);
        assert!(!shared.slots.holds(clock.now()));
        assert_eq!(shared.threshold(long), boosted[1]);
        assert!(shared.slots.holds(clock.now()), "not worked out anew each time");
        assert!(shared.threshold(short) < boosted[0]);
    }
}
