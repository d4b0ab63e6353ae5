//! What an admitted call carries until it ends.

use crate::word::Word;

/// In place of a time: nobody asked.
const UNTIMED: u64 = u64::MAX;

/// The word that admitted a call, and when it began. Two plain numbers, which pass through registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    word: Word,
    began: u64,
}

impl Ticket {
    /// Of a call that nobody times.
    pub(crate) fn untimed(word: Word) -> Self {
        Self { word, began: UNTIMED }
    }

    /// Of a call that began at `now`, in nanoseconds of the breaker's clock.
    pub(crate) fn timed(word: Word, now: u64) -> Self {
        Self { word, began: now }
    }

    /// The same, if it is timed with `now` as the beginning.
    #[cfg(feature = "tower")]
    pub(crate) fn begun(self, now: impl FnOnce() -> u64) -> Self {
        if self.began == UNTIMED { self } else { Self::timed(self.word, now()) }
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
