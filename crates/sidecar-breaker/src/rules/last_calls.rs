//! The share of bad calls among the last ones.

use super::share::Share;
use super::{Call, Judged};
use sidecar_core::sync::{AtomicU64, Ordering, in_one_order};

/// `[generation, low 16 bits | 48 bits]`: of the head and of a place, the number of a call; of the sum, a count.
const TAG_SHIFT: u32 = 48;
const REST_MASK: u64 = (1 << TAG_SHIFT) - 1;

/// The last calls in a ring.
///
/// A call first claims a number, then writes it with its result into the place of that number, and then
/// corrects the sum by what has changed there. A thread that was held up for a whole round finds a later
/// number in its place and leaves it: its call has left the window. So once all have finished, the sum is
/// that of the calls with the last numbers. All of it is sequentially consistent, so that of two threads one
/// sees the other.
///
/// INVARIANT: every word carries the current generation, so whoever finds another one is of an earlier.
#[derive(Debug)]
pub(super) struct LastCalls {
    share: Share,
    min_calls: u64,
    /// The number of the next call, counted from one.
    head: AtomicU64,
    bad: AtomicU64,
    /// `number << 1 | bad`, tagged; zero where nothing is written.
    places: Box<[AtomicU64]>,
}

impl LastCalls {
    pub(super) fn new(share: Share, min_calls: u32, calls: u32) -> Self {
        let places = (0..calls).map(|_| AtomicU64::new(0)).collect();
        let (head, bad) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { share, min_calls: u64::from(min_calls), head, bad, places }
    }

    pub(super) fn share(&self) -> Share {
        self.share
    }

    #[inline]
    pub(super) fn is_ahead(&self, _: &Call) -> bool {
        false
    }

    pub(super) fn holds_ahead(&self, _: u64) -> bool {
        false
    }

    pub(super) fn follow(&self, _: &dyn Fn() -> u64, _: u64) {}

    #[inline]
    pub(super) fn record(&self, call: &Call) -> Judged {
        if !self.add(self.share.is_bad(call), call.generation) {
            return Judged::Late;
        }
        in_one_order();
        let (head, sum) = (self.head.load(Ordering::SeqCst), self.bad.load(Ordering::SeqCst));
        let calls = (head & REST_MASK).min(self.places.len() as u64);
        let is_current = [head, sum].iter().all(|word| word >> TAG_SHIFT == tag(call.generation));
        if is_current && calls >= self.min_calls && self.share.is_reached(sum & REST_MASK, calls) {
            return Judged::Reached(self.share.cause());
        }
        Judged::Below
    }

    /// Whether the call was still of this generation.
    #[inline]
    fn add(&self, bad: bool, generation: u64) -> bool {
        let Some(number) = self.replace(&self.head, generation, |number| number + 1) else { return false };
        if let Some(was_bad) = self.put(number, generation, bad)
            && was_bad != bad
        {
            // Fails where a new generation has begun, to which this call does not belong.
            self.replace(&self.bad, generation, |sum| if bad { sum + 1 } else { sum.wrapping_sub(1) });
        }
        true
    }

    /// Calls that are judged by at most.
    pub(super) fn calls(&self) -> u64 {
        self.places.len() as u64
    }

    /// Takes the last calls of another, as many as have room. Only for a record that nobody uses yet.
    pub(super) fn take_over(&self, old: &Self, generation: u64) {
        let next = old.head.load(Ordering::SeqCst) & REST_MASK;
        for number in next.saturating_sub(self.calls().min(old.calls()))..next {
            let word = old.places[(number % old.calls()) as usize].load(Ordering::SeqCst);
            // Another number is there where a thread has claimed its own and not written yet.
            if word >> 1 & REST_MASK >> 1 == number & REST_MASK >> 1 {
                self.add(word & 1 == 1, generation);
            }
        }
    }

    /// Puts a call into its place. Whether the one that was there was bad; `None` if a later one is there.
    #[inline]
    fn put(&self, number: u64, generation: u64, bad: bool) -> Option<bool> {
        let place = &self.places[(number % self.places.len() as u64) as usize];
        let mine = tag(generation) << TAG_SHIFT | (number << 1 | u64::from(bad)) & REST_MASK;
        let mut word = place.load(Ordering::SeqCst);
        loop {
            if word >> TAG_SHIFT != tag(generation) || is_later(word, mine) {
                return None;
            }
            match exchange(place, word, mine) {
                Ok(_) => return Some(word & 1 == 1),
                Err(newer) => word = newer,
            }
        }
    }

    /// Replaces the rest of a word of `generation`, and says what it was.
    #[inline]
    fn replace(&self, place: &AtomicU64, generation: u64, f: impl Fn(u64) -> u64) -> Option<u64> {
        let mut word = place.load(Ordering::SeqCst);
        loop {
            if word >> TAG_SHIFT != tag(generation) {
                return None;
            }
            let rest = word & REST_MASK;
            match exchange(place, word, tag(generation) << TAG_SHIFT | f(rest) & REST_MASK) {
                Ok(_) => return Some(rest),
                Err(newer) => word = newer,
            }
        }
    }

    pub(super) fn failures(&self, _: u64, _: u64) -> u64 {
        if self.share.counts_failures() { self.bad.load(Ordering::SeqCst) & REST_MASK } else { 0 }
    }

    pub(super) fn begin(&self, generation: u64, afresh: bool) {
        for place in [&self.head, &self.bad].into_iter().chain(&*self.places) {
            let mut word = place.load(Ordering::SeqCst);
            loop {
                let rest = if afresh { 0 } else { word & REST_MASK };
                match exchange(place, word, tag(generation) << TAG_SHIFT | rest) {
                    Ok(_) => break,
                    Err(newer) => word = newer,
                }
            }
        }
    }
}

fn tag(generation: u64) -> u64 {
    generation & (u64::MAX >> TAG_SHIFT)
}

/// Whether the call in `word` came after the other. Numbers go on from zero after 2^47, so of two the later is
/// less than half of that ahead.
fn is_later(word: u64, than: u64) -> bool {
    let ahead = (word >> 1).wrapping_sub(than >> 1) & REST_MASK >> 1;
    ahead != 0 && ahead <= REST_MASK >> 2
}

fn exchange(word: &AtomicU64, old: u64, new: u64) -> Result<u64, u64> {
    word.compare_exchange_weak(old, new, Ordering::SeqCst, Ordering::SeqCst)
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::Cause;
    use crate::rules::samples::{failure, success};
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::thread;

    fn half_of(calls: u32, min_calls: u32) -> LastCalls {
        LastCalls::new(Share::new(0.5, None), min_calls, calls)
    }

    /// Bad calls in the places, and their sum.
    fn held(last: &LastCalls) -> (u64, u64) {
        let bad = last.places.iter().map(|place| place.load(Ordering::SeqCst) & 1).sum();
        (bad, last.bad.load(Ordering::SeqCst) & REST_MASK)
    }

    #[test]
    fn numbers_go_on_from_zero_after_the_last_one() {
        let last = half_of(4, 1);
        last.head.store((REST_MASK >> 1) - 1, Ordering::SeqCst);
        (0..10).for_each(|_| _ = last.record(&failure(0)));
        assert_eq!(held(&last), (4, 4));
        (0..10).for_each(|_| _ = last.record(&success(0)));
        assert_eq!(held(&last), (0, 0));
    }

    #[test]
    fn once_all_threads_have_finished_the_sum_is_that_of_the_places() {
        let last = half_of(7, 7);
        for generation in 0..50 {
            last.begin(generation, true);
            thread::scope(|scope| {
                for thread in 0..8_u64 {
                    let last = &last;
                    scope.spawn(move || {
                        for round in 0..500 {
                            let call = if (round * 7 + thread) % 3 == 0 { failure } else { success };
                            last.record(&Call { generation, ..call(0) });
                        }
                    });
                }
            });
            let (bad, sum) = held(&last);
            assert_eq!(bad, sum);
            assert_eq!(last.head.load(Ordering::SeqCst) & REST_MASK, 4_000);
        }
    }

    proptest! {
        #[test]
        fn it_opens_exactly_when_a_list_says_so(
            (calls, min_share) in (1..40_u32, 0.0..=1.0_f64),
            share in 0.01..=1.0_f64,
            steps in prop::collection::vec((any::<bool>(), 0..60_u8), 1..300),
        ) {
            let min_calls = ((f64::from(calls) * min_share) as u32).max(1);
            let last = LastCalls::new(Share::new(share, None), min_calls, calls);
            let (mut list, mut generation) = (VecDeque::new(), 0);
            for (failed, kind) in steps {
                if kind == 0 {
                    generation += 1;
                    last.begin(generation, true);
                    list.clear();
                }
                list.push_back(failed);
                if list.len() > calls as usize {
                    list.pop_front();
                }
                let bad = list.iter().filter(|failed| **failed).count();
                let enough = list.len() >= min_calls as usize;
                let opens = enough && bad > 0 && bad as f64 / list.len() as f64 >= share;
                let judged = last.record(&Call { generation, failed, ..success(0) });
                prop_assert_eq!(judged == Judged::Reached(Cause::FailureRate), opens, "{:?}", list);
                prop_assert_eq!(last.failures(0, generation), bad as u64);
            }
        }
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use crate::rules::samples::{failure, meet, success};

    fn half_of_two() -> LastCalls {
        LastCalls::new(Share::new(0.5, None), 2, 2)
    }

    #[test]
    fn the_second_of_two_calls_opens_whichever_it_is() {
        meet(
            half_of_two,
            |last| last.record(&success(0)),
            |last| last.record(&failure(0)),
            |_, one, other| {
                assert!(
                    [one, other].iter().any(|judged| matches!(judged, Judged::Reached(_))),
                    "{one:?} {other:?}"
                );
            },
        );
    }

    #[test]
    fn nothing_of_an_earlier_generation_is_left_when_one_has_begun() {
        meet(
            half_of_two,
            |last| last.record(&failure(0)),
            |last| {
                last.begin(1, true);
                last.record(&Call { generation: 1, ..failure(0) });
                last.record(&Call { generation: 1, ..success(0) });
                last.record(&Call { generation: 1, ..success(0) });
            },
            |last, _, ()| assert_eq!(last.failures(0, 1), 0),
        );
    }
}
