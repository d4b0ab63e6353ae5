//! The sampler.

use crate::adaptive::AdaptiveSettings;
use crate::anomalies::Anomaly;
use crate::boosts::Boost;
use crate::builder::SamplerBuilder;
use crate::decision::{Decision, throttled};
use crate::rates::Rates;
use crate::shared::Shared;
use crate::signal::Signal;
use crate::stats::{BoostedType, SamplerStats, SignalStats};
use sidecar_core::clock::nanos;
use sidecar_core::event_type::OVERFLOW_NAME;
use sidecar_core::probability::{self, ONE};
use sidecar_core::{EventTypes, Probability, SettingsError, TypeId};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Decides which events are kept. Cheap to clone; clones share rates, boosts and throttle.
#[derive(Clone)]
pub struct Sampler {
    shared: Arc<Shared>,
}

impl Sampler {
    /// Starts building a sampler.
    pub fn builder() -> SamplerBuilder {
        SamplerBuilder::default()
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
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
    #[inline]
    #[must_use]
    pub fn sample(&self, event_type: TypeId) -> Option<Probability> {
        self.decide(event_type).kept()
    }

    /// As [`sample`](Self::sample), and tells what the throttle took from what the rate left out.
    #[inline]
    #[must_use]
    pub fn decide(&self, event_type: TypeId) -> Decision {
        self.decide_by(event_type, || self.shared.draws.next())
    }

    /// Whether to keep an event of this type that belongs to `key`, a run's id for example.
    ///
    /// At one rate the answer for a key is the same in every thread, process, machine and release; a key kept at
    /// one rate is kept at every higher one. Which keys are kept in one type says nothing about another type.
    #[must_use]
    pub fn sample_keyed(&self, event_type: TypeId, key: &[u8]) -> Option<Probability> {
        self.decide_keyed(event_type, key).kept()
    }

    /// As [`sample_keyed`](Self::sample_keyed), and tells what the throttle took from what the rate left out.
    #[must_use]
    pub fn decide_keyed(&self, event_type: TypeId, key: &[u8]) -> Decision {
        self.decide_by(event_type, || self.shared.salts.draw(&self.shared.names, event_type, key))
    }

    #[inline]
    fn decide_by(&self, event_type: TypeId, draw: impl FnOnce() -> u64) -> Decision {
        // Each is read once, and what is recorded follows from what was read. Relaxed: neither says anything about
        // the other; a throttle set together with a rate is two changes.
        let full = self.shared.threshold(event_type);
        Decision::make(full, self.shared.throttle.load(Relaxed), draw)
    }

    /// Whether to keep an event of this type, by name.
    #[must_use]
    pub fn should_sample(&self, event_type: &str) -> bool {
        self.sample(self.intern(event_type)).is_some()
    }

    /// Changes the rate of a signal while running. A boost in force goes on, on top of the new rate.
    ///
    /// # Errors
    /// When the signal is unknown or the rate is not a number from 0.0 to 1.0; the rates stay as they were.
    pub fn set_rate(&self, signal: &str, rate: f64) -> Result<(), SettingsError> {
        self.shared.change_rates(|rates| rates.set_signal(signal, rate))
    }

    /// Changes the rate of one event type while running. A boost in force goes on, on top of the new rate.
    ///
    /// # Errors
    /// When the rate is not a number from 0.0 to 1.0, or 1 024 types have one already.
    pub fn set_event_type_rate(&self, event_type: &str, rate: f64) -> Result<(), SettingsError> {
        self.shared.change_rates(|rates| rates.set_type(event_type, rate))
    }

    /// Replaces every configured rate at once while running: what is named here has its rate, everything else what it
    /// would have in a new sampler. Boosts in force go on, on top of the new rates.
    ///
    /// # Errors
    /// As for [`set_rate`](Self::set_rate) and [`set_event_type_rate`](Self::set_event_type_rate); the rates stay as
    /// they were.
    pub fn set_rates<'a>(
        &self,
        signals: impl IntoIterator<Item = (&'a str, f64)>,
        event_types: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<(), SettingsError> {
        // Made before the lock is taken: the iterators are the caller's code.
        let mut given = Rates::default();
        signals.into_iter().try_for_each(|(signal, rate)| given.set_signal(signal, rate))?;
        event_types.into_iter().try_for_each(|(event_type, rate)| given.set_type(event_type, rate))?;
        self.shared.change_rates(|rates| {
            rates.replace(given);
            Ok(())
        })
    }

    /// Changes when anomalies boost a signal, while running. A boost in force ends when it was going to.
    ///
    /// # Errors
    /// When a setting is out of its range; they stay as they were.
    pub fn set_adaptive(&self, edit: impl FnOnce(&mut AdaptiveSettings)) -> Result<(), SettingsError> {
        let mut settings = self.shared.adaptive.load().given.clone();
        edit(&mut settings);
        self.shared.adaptive.store(Arc::new(settings.check()?));
        Ok(())
    }

    /// Multiplies the rate of a signal, or of one event type, by `factor` for a while: at most to 1.0. A name that
    /// is no signal's is taken for a type's.
    ///
    /// It replaces the boost that the same signal or type has. Of a type's own boost and its signal's the larger
    /// one counts. After a signal's boost the cool-down holds off anomalies, as after one that they began; a boost
    /// by hand needs no anomalies and waits for nothing.
    ///
    /// Answers whether the boost began. It does not if `factor` is not a number above 1.0, `duration` is zero, 64
    /// types are boosted already, or the type has no place of its own in the table of names.
    pub fn boost(&self, signal_or_type: &str, factor: f64, duration: Duration) -> bool {
        if factor.is_nan() || factor <= 1.0 || duration.is_zero() {
            return false;
        }
        let boost = |began: u64| Boost { factor, began, until: began.saturating_add(nanos(duration)) };
        if let Some(signal) = Signal::from_name(signal_or_type) {
            return self.shared.change_boosts(|boosts, now| {
                boosts.begin(signal, boost(now));
                true
            });
        }
        let event_type = self.intern(signal_or_type);
        let has_place = event_type != TypeId::OVERFLOW || signal_or_type == OVERFLOW_NAME;
        has_place && self.shared.change_boosts(|boosts, now| boosts.begin_for_type(event_type, boost(now)))
    }

    /// Reports an anomaly of a signal. A name that is no signal's is taken for a type's, and counts for its signal.
    ///
    /// As many as `anomaly_threshold` within `anomaly_window` boost the signal by `boost_factor` for
    /// `boost_duration`, unless a boost of it is in force or has ended less than `boost_cooldown` ago. Answers
    /// whether this anomaly began a boost.
    pub fn report_anomaly(&self, signal: &str, anomaly: Anomaly) -> bool {
        let signal = Signal::from_name(signal).unwrap_or_else(|| Signal::of(signal));
        self.shared.report(signal, anomaly)
    }

    /// Lets only a share of what the rates keep pass: every threshold is multiplied by `share`. Below 0.0 counts
    /// as 0.0, above 1.0 as 1.0, so that a controller may hand over what it has computed; what is not a number
    /// changes nothing.
    pub fn set_throttle(&self, share: f64) {
        if let Ok(throttle) = probability::threshold("throttle", share.clamp(0.0, 1.0)) {
            self.shared.throttle.store(throttle, Relaxed);
        }
    }

    /// The share of what the rates keep that may pass. Defaults to 1.0.
    #[must_use]
    pub fn throttle(&self) -> f64 {
        as_rate(self.shared.throttle.load(Relaxed))
    }

    /// The rate in force for an event type: configured, boosted and throttled.
    #[must_use]
    pub fn rate(&self, event_type: TypeId) -> f64 {
        as_rate(throttled(self.shared.threshold(event_type), self.shared.throttle.load(Relaxed)))
    }

    /// Rates, boosts and throttle as they are now.
    #[must_use]
    pub fn stats(&self) -> SamplerStats {
        let plan = self.shared.plan.load_full();
        let now = self.shared.clock.now();
        let throttle = self.shared.throttle.load(Relaxed);
        let signals = Signal::ALL.iter().map(|&signal| {
            let configured = plan.rates.signal_threshold(signal);
            let boosted = plan.boosts.of_signal(signal, now);
            let in_force = boosted.map_or(configured, |boost| boost.apply(configured));
            SignalStats {
                signal,
                rate: as_rate(configured),
                rate_in_force: as_rate(throttled(in_force, throttle)),
                boost_ends_in: boosted.map(|boost| Duration::from_nanos(boost.until - now)),
                boosts: plan.boosts.begun(signal),
                anomalies: self.shared.recent(signal).counts(),
            }
        });
        let boosted_types = plan.boosts.types(now).map(|(id, boost)| BoostedType {
            event_type: self.shared.names.name(id).to_string(),
            factor: boost.factor,
            boost_ends_in: Duration::from_nanos(boost.until - now),
        });
        SamplerStats {
            adaptive: self.shared.adaptive.load().enabled,
            throttle: as_rate(throttle),
            signals: signals.collect(),
            boosted_types: boosted_types.collect(),
        }
    }
}

fn as_rate(threshold: u64) -> f64 {
    threshold as f64 / ONE as f64
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("plan", &self.shared.plan.load()).finish_non_exhaustive()
    }
}
