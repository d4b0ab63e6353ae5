//! Thresholds by type, worked out when first needed, and until when they hold.

use sidecar_core::TypeId;
use sidecar_core::probability::ONE;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, fence};

/// Stands where a threshold is yet to be worked out.
const UNRESOLVED: u64 = u64::MAX;

/// One word per type, and the time for which boosted words hold.
///
/// A word up to 2^63 is a threshold that holds until it is taken away. A word `2^63 + t`, where `t` is from 1 to
/// 2^62, is the threshold `2 t` of a boost: what reads it has to look at the clock. So a rate that nothing boosts
/// costs one load, and a boost ends without anybody who watches it.
#[derive(Debug)]
pub(crate) struct Slots {
    words: Box<[AtomicU64]>,
    /// Boosted words hold from here...
    from: AtomicU64,
    /// ...to here.
    to: AtomicU64,
}

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Threshold(u64),
    Boosted(u64),
    Unresolved,
}

impl Word {
    /// The word for a threshold as configured and as boosted. A boosted one is rounded to an even number.
    pub(crate) fn of((configured, boosted): (u64, u64)) -> Self {
        let even = boosted & !1;
        if even > configured { Self::Boosted(even) } else { Self::Threshold(configured) }
    }

    /// `None` if it is not resolved.
    pub(crate) fn threshold(self) -> Option<u64> {
        match self {
            Self::Threshold(threshold) | Self::Boosted(threshold) => Some(threshold),
            Self::Unresolved => None,
        }
    }

    #[inline]
    fn decode(word: u64) -> Self {
        match word {
            ..=ONE => Self::Threshold(word),
            UNRESOLVED => Self::Unresolved,
            _ => Self::Boosted((word - ONE) * 2),
        }
    }

    fn encode(self) -> u64 {
        match self {
            Self::Threshold(threshold) => threshold,
            Self::Boosted(threshold) => ONE + threshold / 2,
            Self::Unresolved => UNRESOLVED,
        }
    }
}

impl Slots {
    pub(crate) fn new(limit: usize) -> Self {
        let words = (0..limit).map(|_| AtomicU64::new(UNRESOLVED)).collect();
        Self { words, from: AtomicU64::new(0), to: AtomicU64::new(u64::MAX) }
    }

    /// Ids of another table that are unknown here have no word.
    #[inline]
    pub(crate) fn get(&self, event_type: TypeId) -> Word {
        // Relaxed: a threshold stands for itself. For a boosted one see `holds`.
        self.words.get(event_type.index()).map_or(Word::Unresolved, |word| Word::decode(word.load(Relaxed)))
    }

    /// Whether a boosted word that was just read still holds.
    pub(crate) fn holds(&self, now: u64) -> bool {
        // Pairs with the release in `fill`: whoever has read a boosted word sees the end of its boost, or a later one.
        fence(Acquire);
        (self.from.load(Relaxed)..self.to.load(Relaxed)).contains(&now)
    }

    /// To be called under the lock of changes only, so that no slot can keep a rate that has been changed.
    pub(crate) fn fill(&self, event_type: TypeId, word: Word) {
        if let Some(slot) = self.words.get(event_type.index()) {
            slot.store(word.encode(), Release);
        }
    }

    /// Takes every threshold away, and says for what time boosted words hold from now on; to be called under the lock
    /// of changes, after the plan was replaced or a boost of it ended. Until the lock is given back no slot is filled,
    /// so no word meets times that are not its own.
    pub(crate) fn clear(&self, (from, to): (u64, u64)) {
        self.words.iter().for_each(|slot| slot.store(UNRESOLVED, Relaxed));
        self.from.store(from, Relaxed);
        self.to.store(to, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_was_put_into_them() {
        for threshold in [0, 1, 2, 1 << 62, ONE - 1, ONE] {
            let word = Word::Threshold(threshold);
            assert_eq!(Word::decode(word.encode()), word);
        }
        for threshold in [2, 4, 1 << 62, ONE - 2, ONE] {
            let word = Word::Boosted(threshold);
            assert_eq!(Word::decode(word.encode()), word);
        }
        assert_eq!(Word::decode(Word::Unresolved.encode()), Word::Unresolved);
    }

    #[test]
    fn boosted_words_hold_for_the_time_that_was_said_last() {
        let slots = Slots::new(1);
        for (from, to) in [(0, u64::MAX), (10, 20), (15, 100), (2, 7)] {
            slots.clear((from, to));
            assert!(slots.holds(from) && slots.holds(to - 1), "{from} {to}");
            assert!(from == 0 || !slots.holds(from - 1), "{from} {to}");
            assert!(!slots.holds(to), "{from} {to}");
        }
    }

    #[test]
    fn a_boost_is_never_less_than_what_it_boosts() {
        for configured in [0, 1, 2, 3, 1_001, ONE - 1, ONE] {
            for more in [0, 1, 2, 3, 1_000] {
                let boosted = (configured + more).min(ONE);
                let threshold = Word::of((configured, boosted)).threshold().expect("resolved");
                assert!((configured..=boosted).contains(&threshold), "{configured} {boosted} {threshold}");
            }
        }
        assert_eq!(Word::of((ONE / 2, ONE)), Word::Boosted(ONE), "certainty is exact");
    }
}
