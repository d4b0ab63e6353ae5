//! Generation, flags and state in one 64-bit word, so that all are read at once.

use crate::State;
use std::ops::BitOr;

const STATE_BITS: u32 = 3;
const FLAG_BITS: u32 = 5;
const STATE_MASK: u64 = (1 << STATE_BITS) - 1;
const GENERATION_SHIFT: u32 = STATE_BITS + FLAG_BITS;

/// `[generation: 56 bits | flags: 5 | state: 3]`: what a call must know to pass without the machine's lock.
///
/// Every change of state starts a new generation, so two words of one generation are of one state.
/// A generation every nanosecond would take two years to wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

/// What else decides how a call passes. None are set by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u64);

impl Flags {
    /// Every slot of the half-open round is taken.
    pub(crate) const FULL: Self = Self(1 << STATE_BITS);
    /// A success may change what the policy says.
    pub(crate) const JUDGES_SUCCESS: Self = Self(1 << (STATE_BITS + 1));
    /// The policy asks how long calls of this state take.
    pub(crate) const TIMED: Self = Self(1 << (STATE_BITS + 2));
    /// A call without a verdict is a failure.
    pub(crate) const DROPPED_FAILS: Self = Self(1 << (STATE_BITS + 3));
    /// The policy is no longer the one that the breaker was built with.
    pub(crate) const REPLACED: Self = Self(1 << (STATE_BITS + 4));

    /// These flags if `condition`, or none.
    pub(crate) fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::default() }
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Word {
    pub(crate) fn new(generation: u64, state: State, flags: Flags) -> Self {
        Self(generation << GENERATION_SHIFT | flags.0 | state as u64)
    }

    pub(crate) fn generation(self) -> u64 {
        self.0 >> GENERATION_SHIFT
    }

    pub(crate) fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    pub(crate) fn state(self) -> State {
        match self.0 & STATE_MASK {
            0 => State::Closed,
            1 => State::Open,
            2 => State::HalfOpen,
            3 => State::ForcedOpen,
            4 => State::Disabled,
            _ => State::MetricsOnly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_survive_packing() {
        let flags = [Flags::FULL, Flags::JUDGES_SUCCESS, Flags::TIMED, Flags::DROPPED_FAILS, Flags::REPLACED];
        for generation in [0, 1, 12_345, u64::MAX >> GENERATION_SHIFT] {
            for &state in State::ALL {
                for set in flags {
                    let word = Word::new(generation, state, set);
                    assert_eq!((word.generation(), word.state()), (generation, state));
                    flags.iter().for_each(|flag| assert_eq!(word.has(*flag), *flag == set));
                }
            }
        }
    }

    #[test]
    fn flags_add_up() {
        let word = Word::new(7, State::HalfOpen, Flags::FULL | Flags::TIMED.when(true) | Flags::TIMED);
        assert!(word.has(Flags::FULL) && word.has(Flags::TIMED) && !word.has(Flags::DROPPED_FAILS));
        assert!(!Word::new(7, State::Closed, Flags::FULL.when(false)).has(Flags::FULL));
    }
}
