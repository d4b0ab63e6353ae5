//! Generation and state in one 64-bit word, so that both are read at once.

use crate::State;

const STATE_BITS: u32 = 3;
const STATE_MASK: u64 = (1 << STATE_BITS) - 1;

/// `[generation: 61 bits | state: 3 bits]`. Every change of state starts a new generation, so two equal
/// words mean that nothing has changed between the two readings.
///
/// A generation every nanosecond would take 73 years to wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    pub(crate) fn new(generation: u64, state: State) -> Self {
        Self(generation << STATE_BITS | state as u64)
    }

    pub(crate) fn generation(self) -> u64 {
        self.0 >> STATE_BITS
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
    fn both_halves_survive_packing() {
        for generation in [0, 1, 12_345, u64::MAX >> STATE_BITS] {
            for &state in State::ALL {
                let word = Word::new(generation, state);
                assert_eq!((word.generation(), word.state()), (generation, state));
            }
        }
    }
}
