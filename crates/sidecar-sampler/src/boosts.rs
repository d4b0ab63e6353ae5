//! Boosts: what multiplies rates, and until when. Plain data; the time comes from whoever asks.

use crate::signal::Signal;
use sidecar_core::TypeId;
use sidecar_core::probability::ONE;

/// Most event types boosted on their own at the same time.
pub(crate) const MAX_BOOSTED_TYPES: usize = 64;

/// A rate multiplied for a while; times in nanoseconds of the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Boost {
    pub(crate) factor: f64,
    pub(crate) began: u64,
    pub(crate) until: u64,
}

impl Boost {
    /// Whether it is in force. One from the future is not: the clock has gone back.
    pub(crate) fn is_active(&self, now: u64) -> bool {
        (self.began..self.until).contains(&now)
    }

    /// `threshold` as boosted: at most 1.0, and never less than it was.
    pub(crate) fn apply(&self, threshold: u64) -> u64 {
        // A float holds 53 bits of the threshold: the product is right to one part in 2^52.
        let boosted = (threshold as f64 * self.factor).min(ONE as f64) as u64;
        boosted.max(threshold)
    }
}

/// The last boost of every signal, and those of single types.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boosts {
    signals: [Option<Boost>; Signal::ALL.len()],
    begun: [u64; Signal::ALL.len()],
    types: Vec<(TypeId, Boost)>,
}

impl Boosts {
    pub(crate) fn begin(&mut self, signal: Signal, boost: Boost) {
        self.signals[signal.index()] = Some(boost);
        self.begun[signal.index()] += 1;
    }

    /// False if there is no room for one more.
    pub(crate) fn begin_for_type(&mut self, event_type: TypeId, boost: Boost) -> bool {
        self.types.retain(|(id, other)| *id != event_type && other.is_active(boost.began));
        let has_room = self.types.len() < MAX_BOOSTED_TYPES;
        if has_room {
            self.types.push((event_type, boost));
        }
        has_room
    }

    /// Whether anomalies may begin a boost of `signal`: none is in force, nor its cool-down.
    pub(crate) fn is_ready(&self, signal: Signal, now: u64, cooldown: u64) -> bool {
        self.signals[signal.index()]
            .is_none_or(|last| !(last.began..last.until.saturating_add(cooldown)).contains(&now))
    }

    pub(crate) fn of_signal(&self, signal: Signal, now: u64) -> Option<Boost> {
        self.signals[signal.index()].filter(|boost| boost.is_active(now))
    }

    pub(crate) fn begun(&self, signal: Signal) -> u64 {
        self.begun[signal.index()]
    }

    /// The types boosted on their own.
    pub(crate) fn types(&self, now: u64) -> impl Iterator<Item = (TypeId, Boost)> {
        self.types.iter().copied().filter(move |(_, boost)| boost.is_active(now))
    }

    /// The threshold of a type as boosted: by its own boost or by its signal's, whichever is larger, never by both.
    pub(crate) fn apply(&self, threshold: u64, event_type: TypeId, signal: Signal, now: u64) -> u64 {
        let own = self.types(now).filter(|(id, _)| *id == event_type).map(|(_, boost)| boost);
        own.chain(self.of_signal(signal, now)).fold(threshold, |most, boost| most.max(boost.apply(threshold)))
    }

    /// From when and until when what is in force now stays so: the latest beginning and the earliest end.
    pub(crate) fn window(&self, now: u64) -> (u64, u64) {
        let active = self.all().filter(|boost| boost.is_active(now));
        active.fold((0, u64::MAX), |(from, to), boost| (from.max(boost.began), to.min(boost.until)))
    }

    /// Whether asking for the time can make a difference.
    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Whether one begins in the future: the clock has gone back.
    pub(crate) fn has_future(&self, now: u64) -> bool {
        self.all().any(|boost| boost.began > now)
    }

    /// Forgets those from the future, so that they do not begin once more when the clock gets there again.
    pub(crate) fn forget_future(&mut self, now: u64) {
        for boost in &mut self.signals {
            *boost = boost.filter(|boost| boost.began <= now);
        }
        self.types.retain(|(_, boost)| boost.began <= now);
    }

    fn all(&self) -> impl Iterator<Item = Boost> {
        self.signals.iter().flatten().copied().chain(self.types.iter().map(|(_, boost)| *boost))
    }
}
