//! Failures inside a span of time, each with its own time.

use super::{Call, Judged};
use crate::Cause;
use sidecar_core::sync::{AtomicU64, Ordering, in_one_order};

/// Most failures that are kept one by one, and so the highest limit that is judged to the nanosecond.
pub(super) const MOST: usize = 1_024;

/// Failures that are kept at least, so that a breaker which does not open can show more than its limit.
const LEAST: usize = 128;

/// A record is ahead of a reading by this many nanoseconds at least: less is the order in which threads read.
const AHEAD: u64 = 1_000_000;

/// The last failures in a ring. A failure counts while its age is below the span.
///
/// A failure first claims the next place, then writes its time there. Its thread may be held up in between;
/// the place then still holds an older time. So whoever has written looks whether somebody has claimed
/// since: if not, it is the newest, and the limit is reached if the failure `limit - 1` places before it
/// still counts. If so, it counts all of them, for the others may have looked before it wrote. Claiming,
/// writing and looking are sequentially consistent, so that of two threads one sees the other.
#[derive(Debug)]
pub(super) struct Recent {
    limit: usize,
    span: u64,
    head: AtomicU64,
    times: Box<[AtomicU64]>,
}

/// `[generation, low 42 bits | places in use: 11 | next place: 11]`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head(u64);

const PLACE_BITS: u32 = 11;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

impl Head {
    fn new(generation: u64, used: usize, next: usize) -> Self {
        Self(generation << (2 * PLACE_BITS) | (used as u64) << PLACE_BITS | next as u64)
    }

    fn is_of(self, generation: u64) -> bool {
        self.0 >> (2 * PLACE_BITS) == generation << (2 * PLACE_BITS) >> (2 * PLACE_BITS)
    }

    fn used(self) -> usize {
        (self.0 >> PLACE_BITS & PLACE_MASK) as usize
    }

    fn next(self) -> usize {
        (self.0 & PLACE_MASK) as usize
    }
}

impl Recent {
    pub(super) fn new(limit: usize, span: u64) -> Self {
        let places = limit.max(LEAST);
        let times = (0..places).map(|_| AtomicU64::new(0)).collect();
        Self { limit, span, head: AtomicU64::new(0), times }
    }

    /// Whether the newest failure lies in the future of `call`.
    #[inline]
    pub(super) fn is_ahead(&self, call: &Call) -> bool {
        let head = self.head(Ordering::Acquire);
        call.failed
            && head.used() > 0
            && self.time(self.before(head.next(), 1)) > call.now.saturating_add(AHEAD)
    }

    #[inline]
    pub(super) fn record(&self, call: &Call) -> Judged {
        if !call.failed {
            return Judged::Below;
        }
        let mut head = self.head(Ordering::SeqCst);
        let claimed = loop {
            if !head.is_of(call.generation) {
                return Judged::Late;
            }
            let next = if head.next() + 1 == self.times.len() { 0 } else { head.next() + 1 };
            let claimed = Head::new(call.generation, (head.used() + 1).min(self.times.len()), next);
            match self.exchange(head, claimed) {
                Ok(_) => break claimed,
                Err(newer) => head = Head(newer),
            }
        };
        // A thread that was held up for a whole round must not put an older time over a newer one.
        self.times[head.next()].fetch_max(call.now, Ordering::SeqCst);
        in_one_order();
        let reached = if self.head(Ordering::SeqCst) == claimed {
            claimed.used() >= self.limit && self.counts(self.before(claimed.next(), self.limit), call.now)
        } else {
            self.count(call.now) >= self.limit
        };
        if reached { Judged::Reached(Cause::FailureThreshold) } else { Judged::Below }
    }

    pub(super) fn failures(&self, now: u64, _: u64) -> u64 {
        self.count(now) as u64
    }

    pub(super) fn begin(&self, generation: u64, afresh: bool) {
        let mut head = self.head(Ordering::SeqCst);
        loop {
            let used = if afresh { 0 } else { head.used() };
            match self.exchange(head, Head::new(generation, used, head.next())) {
                Ok(_) => return,
                Err(newer) => head = Head(newer),
            }
        }
    }

    /// What is ahead of `now` becomes of now.
    pub(super) fn rewind(&self, now: u64, _: u64) {
        for time in &*self.times {
            let ahead = time.load(Ordering::SeqCst);
            if ahead > now {
                // Fails where a new failure has just been written.
                let _ = time.compare_exchange(ahead, now, Ordering::SeqCst, Ordering::SeqCst);
            }
        }
    }

    /// Copies the newest failures, as many as have room here. Only for a record that nobody uses yet.
    pub(super) fn take_over(&self, old: &Self, now: u64) {
        old.rewind(now, 0);
        let theirs = old.head(Ordering::SeqCst);
        let kept = theirs.used().min(self.times.len());
        for place in 0..kept {
            let time = old.time(old.before(theirs.next(), kept - place));
            self.times[place].store(time, Ordering::SeqCst);
        }
        let ours = self.head(Ordering::SeqCst).0 >> (2 * PLACE_BITS);
        let next = if kept == self.times.len() { 0 } else { kept };
        self.head.store(Head::new(ours, kept, next).0, Ordering::SeqCst);
    }

    /// Failures that count, among those that have claimed a place.
    fn count(&self, now: u64) -> usize {
        let head = self.head(Ordering::SeqCst);
        (1..=head.used()).filter(|steps| self.counts(self.before(head.next(), *steps), now)).count()
    }

    fn counts(&self, place: usize, now: u64) -> bool {
        now.saturating_sub(self.time(place)) < self.span
    }

    fn time(&self, place: usize) -> u64 {
        self.times[place].load(Ordering::SeqCst)
    }

    /// The place `steps` before `place`, at most one round.
    fn before(&self, place: usize, steps: usize) -> usize {
        if place >= steps { place - steps } else { place + self.times.len() - steps }
    }

    fn head(&self, order: Ordering) -> Head {
        Head(self.head.load(order))
    }

    fn exchange(&self, old: Head, new: Head) -> Result<u64, u64> {
        self.head.compare_exchange_weak(old.0, new.0, Ordering::SeqCst, Ordering::SeqCst)
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::rules::samples::{failure, success};
    use proptest::prelude::*;

    const REACHED: Judged = Judged::Reached(Cause::FailureThreshold);

    #[test]
    fn a_failure_leaves_when_its_age_reaches_the_span() {
        let recent = Recent::new(3, 10);
        recent.record(&failure(5));
        recent.record(&failure(7));
        assert_eq!([14, 15, 17].map(|now| recent.failures(now, 0)), [2, 1, 0]);
        assert_eq!(recent.record(&failure(15)), Judged::Below);
        assert_eq!(recent.record(&failure(16)), REACHED);
    }

    #[test]
    fn a_success_leaves_no_trace_and_an_earlier_generation_none_either() {
        let recent = Recent::new(1, 10);
        assert_eq!(recent.record(&success(0)), Judged::Below);
        recent.begin(1, true);
        assert_eq!(recent.record(&failure(0)), Judged::Late);
        assert_eq!(recent.failures(0, 1), 0);
        assert_eq!(recent.record(&Call { generation: 1, ..failure(0) }), REACHED);
    }

    #[test]
    fn a_clock_that_steps_back_is_noticed_and_keeps_no_failure_longer_than_the_span() {
        let recent = Recent::new(2, 10);
        recent.record(&failure(u64::MAX));
        assert!(recent.is_ahead(&failure(100)) && !recent.is_ahead(&success(100)));
        recent.rewind(100, 0);
        assert!(!recent.is_ahead(&failure(100)));
        assert_eq!([100, 109, 110].map(|now| recent.failures(now, 0)), [1, 1, 0]);
    }

    #[test]
    fn readings_out_of_order_by_less_than_a_millisecond_are_no_step_back() {
        let recent = Recent::new(2, 10);
        recent.record(&failure(AHEAD));
        assert!(!recent.is_ahead(&failure(0)));
        recent.record(&failure(AHEAD + 1));
        assert!(recent.is_ahead(&failure(0)));
    }

    #[test]
    fn a_thread_that_was_held_up_for_a_round_leaves_the_newer_time() {
        let recent = Recent::new(LEAST, 1_000);
        (0..LEAST as u64).for_each(|now| _ = recent.record(&failure(500 + now)));
        // Its place is the first one of the next round, which holds 500.
        recent.record(&failure(3));
        assert_eq!(recent.time(0), 500);
    }

    #[test]
    fn the_newest_failures_are_taken_over_as_many_as_have_room() {
        for (theirs, ours) in [(3, 1_000), (1_000, 3), (5, 5)] {
            let (old, new) = (Recent::new(theirs, 10_000), Recent::new(ours, 100));
            new.begin(7, true);
            (0..400).for_each(|now| _ = old.record(&failure(now)));
            new.take_over(&old, 399);
            let kept = old.times.len().min(new.times.len()).min(400);
            assert_eq!(new.failures(399, 7), kept.min(100) as u64, "{theirs} to {ours}");
            let next = Call { generation: 7, ..failure(1_000) };
            assert_eq!(new.record(&next), Judged::Below);
            assert_eq!(new.failures(1_000, 7), 1);
        }
    }

    proptest! {
        #[test]
        fn it_opens_exactly_when_a_list_says_so(
            (limit, span) in (1..200_usize, 1..60_u64),
            steps in prop::collection::vec((0..8_u64, 0..40_u8), 1..900),
        ) {
            let recent = Recent::new(limit, span);
            let (mut list, mut now, mut generation) = (Vec::new(), 0, 0);
            for (step, kind) in steps {
                now += step;
                if kind == 0 {
                    generation += 1;
                    recent.begin(generation, true);
                    list.clear();
                }
                list.push(now);
                let young = list.iter().filter(|at| now - **at < span).count();
                let judged = recent.record(&Call { generation, ..failure(now) });
                prop_assert_eq!(judged == REACHED, young >= limit);
                prop_assert_eq!(recent.failures(now, generation), young.min(recent.times.len()) as u64);
            }
        }
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use crate::rules::samples::{failure, meet};

    #[test]
    fn of_two_failures_that_reach_the_limit_together_one_says_so() {
        // So late that a place which is claimed and not yet written does not count.
        meet(
            || Recent::new(2, 10),
            |recent| recent.record(&failure(50)),
            |recent| recent.record(&failure(50)),
            |_, one, other| {
                assert!(
                    [one, other].contains(&Judged::Reached(Cause::FailureThreshold)),
                    "{one:?} {other:?}"
                );
            },
        );
    }

    #[test]
    fn nothing_of_an_earlier_generation_is_left_when_one_has_begun() {
        meet(
            || Recent::new(2, 10),
            |recent| recent.record(&failure(5)),
            |recent| recent.begin(1, true),
            |recent, _, ()| {
                assert_eq!(recent.failures(5, 1), 0);
            },
        );
    }
}
