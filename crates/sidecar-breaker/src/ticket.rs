//! What an admitted call carries until it ends.

use crate::word::{Flags, Word};

/// In place of a time: nobody asked.
const UNTIMED: u64 = u64::MAX;

/// The word that admitted a call, and when it began. Two plain numbers, which pass through registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    word: Word,
    began: u64,
}

impl Ticket {
    /// Of a call that `word` admits and that begins now, in nanoseconds of the breaker's clock, which is read only
    /// if the word says that somebody asks.
    pub(crate) fn new(word: Word, now: impl FnOnce() -> u64) -> Self {
        if word.has(Flags::TIMED) { Self { word, began: now() } } else { Self::untimed(word) }
    }

    /// Of a call that nobody times.
    pub(crate) fn untimed(word: Word) -> Self {
        Self { word, began: UNTIMED }
    }

    /// The same, if it is timed with `now` as the beginning.
    #[cfg(feature = "tower")]
    pub(crate) fn begun(self, now: impl FnOnce() -> u64) -> Self {
        Self::new(self.word, now)
    }

    pub(crate) fn generation(self) -> u64 {
        self.word.generation()
    }

    /// How long the call has taken, in nanoseconds; zero where nobody asked when it began.
    pub(crate) fn took(self, now: u64) -> u64 {
        // Nothing is later than the end of time.
        now.saturating_sub(self.began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;

    #[test]
    fn only_a_word_that_asks_for_it_has_the_clock_read() {
        for &state in State::ALL {
            let untimed = Ticket::new(Word::new(7, state, Flags::FULL), || panic!("nobody asked"));
            assert_eq!((untimed.generation(), untimed.took(1_000)), (7, 0));
            let timed = Ticket::new(Word::new(7, state, Flags::TIMED), || 400);
            assert_eq!((timed.generation(), timed.took(1_000), timed.took(399)), (7, 600, 0));
        }
    }

    #[test]
    #[cfg(feature = "tower")]
    fn a_call_that_begins_later_is_timed_from_then_on_or_not_at_all() {
        let timed = Ticket::new(Word::new(0, State::Closed, Flags::TIMED), || 400).begun(|| 500);
        assert_eq!(timed.took(1_000), 500);
        let untimed = Ticket::untimed(Word::new(0, State::Closed, Flags::default()));
        assert_eq!(untimed.begun(|| panic!("nobody asked")).took(1_000), 0);
    }
}
