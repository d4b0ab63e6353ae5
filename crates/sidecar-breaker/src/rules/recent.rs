//! Failures inside a span of time, each with its own time.

use super::head::{Head, PLACE_BITS};
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
/// A failure first claims the next place, then writes there when it will leave. Its thread may be held up in
/// between; the place then still holds an older time. So whoever has written looks whether somebody has claimed
/// since: if not, it is the newest, and the limit is reached if the failure `limit - 1` places before it
/// still counts. If so, it counts all of them, for the others may have looked before it wrote. Claiming,
/// writing and looking are sequentially consistent, so that of two threads one sees the other.
///
/// A time that lies ahead of the reading that it is compared with is of a clock that has stepped back, or of a
/// thread that was faster. Only a fresh reading tells which, so whoever meets one is [`Judged::Unsure`].
#[derive(Debug)]
pub(super) struct Recent {
    limit: usize,
    span: u64,
    head: AtomicU64,
    /// By place: the time of the failure plus the span, which is never below zero for one that counts.
    leaves: Box<[AtomicU64]>,
}

impl Recent {
    pub(super) fn new(limit: usize, span: u64) -> Self {
        let places = limit.max(LEAST);
        let leaves = (0..places).map(|_| AtomicU64::new(0)).collect();
        Self { limit, span, head: AtomicU64::new(0), leaves }
    }

    /// Whether the newest failure lies in the future of `call`.
    #[inline]
    pub(super) fn is_ahead(&self, call: &Call) -> bool {
        let head = self.head(Ordering::Acquire);
        call.failed
            && head.used() > 0
            && lies_ahead(self.leave(self.before(head.next(), 1)), self.leaving(call.now))
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
            let next = if head.next() + 1 == self.leaves.len() { 0 } else { head.next() + 1 };
            let claimed = Head::new(call.generation, (head.used() + 1).min(self.leaves.len()), next);
            match self.exchange(head, claimed) {
                Ok(_) => break claimed,
                Err(newer) => head = Head(newer),
            }
        };
        let mine = self.leaving(call.now);
        // A thread that was held up for a whole round must not put an older time over a newer one.
        let before = self.leaves[head.next()].fetch_max(mine, Ordering::SeqCst);
        in_one_order();
        let is_newest = self.head(Ordering::SeqCst) == claimed;
        if lies_ahead(before, mine) && !(is_newest && self.correct(head.next(), before, mine)) {
            return Judged::Unsure;
        }
        if !is_newest {
            return self.judge_all(call.now);
        }
        if claimed.used() < self.limit {
            return Judged::Below;
        }
        let leave = self.leave(self.before(claimed.next(), self.limit));
        if lies_ahead(leave, mine) { Judged::Unsure } else { judged(counts(leave, call.now)) }
    }

    /// Puts `mine` in the place of what a clock has left there that was ahead. Nobody has claimed a place since this
    /// one, so no faster thread has written there. Fails where one has by now.
    #[cold]
    fn correct(&self, place: usize, ahead: u64, mine: u64) -> bool {
        self.leaves[place].compare_exchange(ahead, mine, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn judge_all(&self, now: u64) -> Judged {
        if self.holds_ahead(now) { Judged::Unsure } else { self.judge(now) }
    }

    /// What the record says; `now` is a fresh reading that the record has [followed](Self::follow).
    pub(super) fn judge(&self, now: u64) -> Judged {
        judged(self.count(now) >= self.limit)
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

    /// Whether any failure lies ahead of `now`.
    pub(super) fn holds_ahead(&self, now: u64) -> bool {
        let mine = self.leaving(now);
        self.in_use().any(|place| lies_ahead(self.leave(place), mine))
    }

    /// Where the clock has stepped back, the newest failure becomes of now, and those before it keep their distance
    /// to it. What lies ahead even so, because threads have written meanwhile, becomes of now too.
    pub(super) fn follow(&self, read: &dyn Fn() -> u64, _: u64) {
        let Some(newest) = self.in_use().next() else { return };
        // Read after the time that it is compared with.
        let (leave, now) = (self.leave(newest), read());
        if lies_ahead(leave, self.leaving(now)) {
            let step = leave - self.leaving(now);
            let places: Vec<_> = self.in_use().collect();
            // The newest last: until then it keeps away who would add a time that must not be moved.
            places
                .into_iter()
                .rev()
                .for_each(|place| self.replace(place, |leave| leave.saturating_sub(step)));
        }
        for place in self.in_use() {
            let (leave, mine) = (self.leave(place), self.leaving(read()));
            if lies_ahead(leave, mine) {
                self.replace(place, |other| if other == leave { mine } else { other });
            }
        }
    }

    /// Fails where a new failure has just been written.
    fn replace(&self, place: usize, f: impl Fn(u64) -> u64) {
        let old = self.leave(place);
        let _ = self.leaves[place].compare_exchange(old, f(old), Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn span(&self) -> u64 {
        self.span
    }

    /// When the failures happened, and how many each time; the newest first.
    pub(super) fn contents(&self) -> Vec<(i128, u64)> {
        let leaves = self.in_use().map(|place| self.leave(place)).filter(|leave| *leave > 0);
        leaves.map(|leave| (i128::from(leave) - i128::from(self.span), 1)).collect()
    }

    /// Takes the newest of these, as many as have room. Only for a record that nobody uses yet.
    pub(super) fn fill(&self, contents: &[(i128, u64)]) {
        let each = contents.iter().flat_map(|(time, count)| {
            std::iter::repeat_n(*time, usize::try_from(*count).unwrap_or(usize::MAX).min(MOST))
        });
        let newest: Vec<_> = each.take(self.leaves.len()).collect();
        for (place, time) in self.leaves.iter().zip(newest.iter().rev()) {
            let leave = (time + i128::from(self.span)).clamp(0, i128::from(u64::MAX));
            place.store(leave as u64, Ordering::SeqCst);
        }
        let generation = self.head(Ordering::SeqCst).0 >> (2 * PLACE_BITS);
        let next = if newest.len() == self.leaves.len() { 0 } else { newest.len() };
        self.head.store(Head::new(generation, newest.len(), next).0, Ordering::SeqCst);
    }

    /// Failures that count, among those that have claimed a place.
    fn count(&self, now: u64) -> usize {
        self.in_use().filter(|place| counts(self.leave(*place), now)).count()
    }

    /// The places in use, the newest first.
    fn in_use(&self) -> impl Iterator<Item = usize> {
        let head = self.head(Ordering::SeqCst);
        (1..=head.used()).map(move |steps| self.before(head.next(), steps))
    }

    fn leave(&self, place: usize) -> u64 {
        self.leaves[place].load(Ordering::SeqCst)
    }

    /// When a failure of `now` leaves.
    fn leaving(&self, now: u64) -> u64 {
        now.saturating_add(self.span)
    }

    /// The place `steps` before `place`, at most one round.
    fn before(&self, place: usize, steps: usize) -> usize {
        if place >= steps { place - steps } else { place + self.leaves.len() - steps }
    }

    fn head(&self, order: Ordering) -> Head {
        Head(self.head.load(order))
    }

    fn exchange(&self, old: Head, new: Head) -> Result<u64, u64> {
        self.head.compare_exchange_weak(old.0, new.0, Ordering::SeqCst, Ordering::SeqCst)
    }
}

/// Whether a failure that leaves then counts now. None leaves at the end of time.
fn counts(leave: u64, now: u64) -> bool {
    leave > now.min(u64::MAX - 1)
}

fn judged(is_reached: bool) -> Judged {
    if is_reached { Judged::Reached(Cause::FailureThreshold) } else { Judged::Below }
}

/// Whether a failure that leaves then is of a time ahead of that of one which leaves at `mine`.
fn lies_ahead(leave: u64, mine: u64) -> bool {
    leave > mine.saturating_add(AHEAD)
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
    fn a_clock_that_steps_back_is_noticed_and_failures_keep_their_distance() {
        let recent = Recent::new(2, 10 * AHEAD);
        [1_000, 1_004].iter().for_each(|ms| _ = recent.record(&failure(ms * AHEAD)));
        assert!(recent.is_ahead(&failure(2 * AHEAD)) && !recent.is_ahead(&success(2 * AHEAD)));
        recent.follow(&|| 2 * AHEAD, 0);
        assert!(!recent.is_ahead(&failure(2 * AHEAD)) && !recent.holds_ahead(2 * AHEAD));
        // As old as they were: four milliseconds and none.
        assert_eq!([2, 7, 8, 11, 12].map(|ms| recent.failures(ms * AHEAD, 0)), [2, 2, 1, 1, 0]);
    }

    #[test]
    fn a_reading_that_is_behind_another_thread_moves_nothing_once_it_is_fresh() {
        let recent = Recent::new(2, 10 * AHEAD);
        recent.record(&failure(5 * AHEAD));
        assert!(recent.is_ahead(&failure(0)));
        recent.follow(&|| 6 * AHEAD, 0);
        assert_eq!([14, 15].map(|ms| recent.failures(ms * AHEAD, 0)), [1, 0]);
    }

    #[test]
    fn a_place_that_is_used_again_keeps_nothing_of_a_time_that_was_ahead() {
        let recent = Recent::new(2, 10 * AHEAD);
        // All places hold a time that the next generation knows nothing of, and the clock steps back.
        (0..LEAST).for_each(|_| _ = recent.record(&failure(1_000 * AHEAD)));
        recent.begin(1, true);
        let fail = |ms: u64| recent.record(&Call { generation: 1, ..failure(ms * AHEAD) });
        assert!(!recent.is_ahead(&failure(3 * AHEAD)));
        assert_eq!(fail(3), Judged::Below);
        assert_eq!([3, 12, 13].map(|ms| recent.failures(ms * AHEAD, 1)), [1, 1, 0]);
        // It steps forward again, where the old time would be young.
        assert_eq!(fail(1_005), Judged::Below);
        assert_eq!(recent.failures(1_005 * AHEAD, 1), 1);
        assert_eq!(fail(1_006), REACHED);
    }

    #[test]
    fn a_time_ahead_that_would_decide_is_left_to_a_fresh_reading() {
        let recent = Recent::new(2, 10 * AHEAD);
        recent.record(&failure(1_000 * AHEAD));
        assert_eq!(recent.record(&failure(3 * AHEAD)), Judged::Unsure);
        recent.follow(&|| 3 * AHEAD, 0);
        assert_eq!(recent.judge(3 * AHEAD), REACHED);
        assert_eq!([12, 13].map(|ms| recent.failures(ms * AHEAD, 0)), [2, 0]);
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
        assert_eq!(recent.leave(0), 1_500);
    }

    #[test]
    fn the_newest_failures_are_taken_over_as_many_as_have_room() {
        for (theirs, ours) in [(3, 1_000), (1_000, 3), (5, 5)] {
            let (old, new) = (Recent::new(theirs, 10_000), Recent::new(ours, 100));
            new.begin(7, true);
            (0..400).for_each(|now| _ = old.record(&failure(now)));
            new.fill(&old.contents());
            let kept = old.leaves.len().min(new.leaves.len()).min(400);
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
                prop_assert_eq!(recent.failures(now, generation), young.min(recent.leaves.len()) as u64);
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
