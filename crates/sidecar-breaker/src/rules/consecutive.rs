//! Failures in a row.

use super::{Call, Judged};
use crate::Cause;
use sidecar_core::sync::{AtomicU64, Ordering};

const COUNT_BITS: u32 = 32;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// `[generation, low 32 bits | failures since the last success: 32 bits]`.
///
/// Orderings: the word is all there is, so each operation on it stands for itself.
#[derive(Debug)]
pub(super) struct Consecutive {
    limit: u64,
    word: AtomicU64,
}

impl Consecutive {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, word: AtomicU64::new(0) }
    }

    #[inline]
    pub(super) fn record(&self, call: &Call) -> Judged {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word >> COUNT_BITS != tag(call.generation) {
                return Judged::Late;
            }
            let count = word & COUNT_MASK;
            let next = match call.failed {
                true => (count + 1).min(COUNT_MASK),
                false if count == 0 => return Judged::Below,
                false => 0,
            };
            match self.exchange(word, tag(call.generation) << COUNT_BITS | next) {
                Ok(_) if next >= self.limit => return Judged::Reached(Cause::ConsecutiveFailures),
                Ok(_) => return Judged::Below,
                Err(newer) => word = newer,
            }
        }
    }

    fn exchange(&self, old: u64, new: u64) -> Result<u64, u64> {
        self.word.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Acquire)
    }

    #[inline]
    pub(super) fn is_ahead(&self, _: &Call) -> bool {
        false
    }

    pub(super) fn holds_ahead(&self, _: u64) -> bool {
        false
    }

    pub(super) fn follow(&self, _: &dyn Fn() -> u64, _: u64) {}

    /// Goes on from the row of another. Only for a record that nobody uses yet.
    pub(super) fn take_over(&self, old: &Self, generation: u64) {
        self.word.store(tag(generation) << COUNT_BITS | old.failures(0, generation), Ordering::Release);
    }

    pub(super) fn begin(&self, generation: u64, afresh: bool) {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let count = if afresh { 0 } else { word & COUNT_MASK };
            match self.exchange(word, tag(generation) << COUNT_BITS | count) {
                Ok(_) => return,
                Err(newer) => word = newer,
            }
        }
    }

    pub(super) fn failures(&self, _: u64, _: u64) -> u64 {
        self.word.load(Ordering::Acquire) & COUNT_MASK
    }
}

fn tag(generation: u64) -> u64 {
    generation & (u64::MAX >> COUNT_BITS)
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::rules::samples::{failure, success};

    const REACHED: Judged = Judged::Reached(Cause::ConsecutiveFailures);

    #[test]
    fn so_many_in_a_row_open_and_a_success_begins_anew() {
        let row = Consecutive::new(3);
        let judged =
            [failure, failure, success, failure, failure, failure, failure].map(|call| row.record(&call(0)));
        assert_eq!(judged, [Judged::Below; 5].into_iter().chain([REACHED; 2]).collect::<Vec<_>>()[..]);
        assert_eq!(row.failures(0, 0), 4);
    }

    #[test]
    fn an_earlier_generation_neither_adds_nor_takes_away() {
        let row = Consecutive::new(2);
        row.begin(1, true);
        row.record(&Call { generation: 1, ..failure(0) });
        assert_eq!([success, failure].map(|call| row.record(&call(0))), [Judged::Late; 2]);
        assert_eq!(row.failures(0, 1), 1);
        row.begin(2, false);
        assert_eq!(row.record(&Call { generation: 2, ..failure(0) }), REACHED);
    }

    #[test]
    fn the_count_stops_at_its_highest() {
        let row = Consecutive::new(COUNT_MASK);
        row.word.store(COUNT_MASK, Ordering::Relaxed);
        assert_eq!(row.record(&failure(0)), REACHED);
        assert_eq!(row.failures(0, 0), COUNT_MASK);
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use crate::rules::samples::{failure, meet, success};

    #[test]
    fn of_two_failures_in_a_row_the_second_says_so() {
        meet(
            || Consecutive::new(2),
            |row| row.record(&failure(0)),
            |row| row.record(&failure(0)),
            |_, one, other| {
                assert_ne!(one == Judged::Below, other == Judged::Below, "{one:?} {other:?}");
            },
        );
    }

    #[test]
    fn nothing_of_an_earlier_generation_is_left_when_one_has_begun() {
        for call in [success, failure] {
            meet(
                || Consecutive::new(2),
                move |row| row.record(&call(0)),
                |row| {
                    row.begin(1, true);
                    row.record(&Call { generation: 1, ..failure(0) });
                },
                |row, _, ()| assert_eq!(row.failures(0, 1), 1),
            );
        }
    }
}
