//! The share of bad calls inside a span of time.

use super::buckets::{Buckets, Missed, Number, PAYLOAD_BITS};
use super::share::Share;
use super::{Call, Judged};
use sidecar_core::sync::{AtomicU64, Ordering};

/// 16 buckets: a call leaves the window up to 1/16 of its span early. Models, which run every order in which threads
/// may look at them, have four.
const BUCKET_BITS: u32 = if cfg!(sidecar_loom) { 2 } else { 4 };

/// A bucket's payload: `[calls: 20 bits | bad ones: 20 bits]`.
const FIELD_BITS: u32 = PAYLOAD_BITS / 2;
const FIELD_MASK: u64 = (1 << FIELD_BITS) - 1;

/// Calls and bad calls by bucket. A bucket of more than a million calls halves both counts, which keeps
/// their share, and lets the newer half weigh more.
#[derive(Debug)]
pub(super) struct Rate {
    share: Share,
    min_calls: u64,
    buckets: Buckets,
    /// The newest bucket and the generation with which enough calls have been seen: while they last, a further good
    /// call only lowers the share, and need not be judged. Relaxed: whoever reads an older one judges.
    enough: AtomicU64,
}

impl Rate {
    pub(super) fn new(share: Share, min_calls: u64, span: u64) -> Self {
        let buckets = Buckets::new(BUCKET_BITS, span);
        Self { share, min_calls, buckets, enough: AtomicU64::new(u64::MAX) }
    }

    pub(super) fn share(&self) -> Share {
        self.share
    }

    #[inline]
    pub(super) fn is_ahead(&self, call: &Call) -> bool {
        self.buckets.is_ahead(call.now)
    }

    #[inline]
    pub(super) fn record(&self, call: &Call) -> Judged {
        let bad = self.share.is_bad(call);
        let number = self.buckets.number(call.now);
        let one = 1 << FIELD_BITS | u64::from(bad);
        let newest = match self.buckets.update(number, call.generation, |payload| add(payload, one)) {
            Ok((_, newest)) => newest.max(number),
            Err(Missed::Generation) => return Judged::Late,
            Err(Missed::Span) => return Judged::Below,
        };
        let place = newest ^ call.generation << 40;
        if !bad && self.enough.load(Ordering::Relaxed) == place {
            return Judged::Below;
        }
        let (calls, bad) = self.sums(number, call.generation);
        if calls < self.min_calls {
            return Judged::Below;
        }
        if self.share.is_reached(bad, calls) {
            self.enough.store(u64::MAX, Ordering::Relaxed);
            return Judged::Reached(self.share.cause());
        }
        self.enough.store(place, Ordering::Relaxed);
        Judged::Below
    }

    pub(super) fn failures(&self, now: u64, generation: u64) -> u64 {
        if self.share.counts_failures() { self.sums(self.buckets.number(now), generation).1 } else { 0 }
    }

    fn sums(&self, number: Number, generation: u64) -> (u64, u64) {
        let payloads = self.buckets.payloads(number, generation);
        payloads.fold((0, 0), |(calls, bad), payload| {
            (calls + (payload >> FIELD_BITS), bad + (payload & FIELD_MASK))
        })
    }

    pub(super) fn span(&self) -> u64 {
        self.buckets.span()
    }

    /// Takes what counts of the calls of another. Only for a record that nobody uses yet. All of a bucket are as old
    /// as its oldest may be.
    pub(super) fn take_over(&self, old: &Self, now: u64, generation: u64) {
        for (time, held) in old.buckets.contents(now, generation) {
            let Some(number) = self.buckets.number_at(time) else { continue };
            // Fails for what has left the span.
            let _ = self.buckets.update(number, generation, |payload| add(payload, held));
        }
    }

    pub(super) fn begin(&self, generation: u64, afresh: bool) {
        self.buckets.begin(generation, afresh);
        self.enough.store(u64::MAX, Ordering::Relaxed);
    }

    pub(super) fn holds_ahead(&self, now: u64) -> bool {
        self.buckets.is_ahead(now)
    }

    pub(super) fn follow(&self, read: &dyn Fn() -> u64, generation: u64) {
        if self.buckets.follow(read, generation, add) {
            // The clock comes by the same bucket once more, with other calls.
            self.enough.store(u64::MAX, Ordering::Relaxed);
        }
    }
}

/// The sum of two payloads, halved until it fits.
fn add(a: u64, b: u64) -> u64 {
    let (mut calls, mut bad) = ((a >> FIELD_BITS) + (b >> FIELD_BITS), (a & FIELD_MASK) + (b & FIELD_MASK));
    while calls > FIELD_MASK {
        (calls, bad) = (calls / 2, bad / 2);
    }
    calls << FIELD_BITS | bad
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::Cause;
    use crate::rules::samples::{failure, success};
    use proptest::prelude::*;

    const REACHED: Judged = Judged::Reached(Cause::FailureRate);

    fn half(min_calls: u64) -> Rate {
        Rate::new(Share::new(0.5, None), min_calls, 16_000)
    }

    #[test]
    fn a_success_that_makes_the_calls_enough_opens() {
        let rate = half(4);
        let judged = [failure, failure, success, success].map(|call| rate.record(&call(0)));
        assert_eq!(judged, [Judged::Below, Judged::Below, Judged::Below, REACHED]);
    }

    #[test]
    fn a_success_opens_when_the_good_calls_before_it_have_left() {
        let rate = half(4);
        (0..10).for_each(|_| _ = rate.record(&success(0)));
        (0..5).for_each(|_| assert_eq!(rate.record(&failure(8_000)), Judged::Below));
        assert_eq!(rate.record(&success(15_000)), Judged::Below);
        assert_eq!(rate.record(&success(17_000)), REACHED);
    }

    #[test]
    fn what_was_enough_before_the_clock_stepped_back_is_not_when_it_comes_by_again() {
        let rate = half(4);
        (0..4).for_each(|_| assert_eq!(rate.record(&success(90_000)), Judged::Below));
        rate.follow(&|| 10_000, 0);
        // The four have left when the clock comes by that bucket again.
        assert_eq!([failure, failure, success].map(|call| rate.record(&call(90_000))), [Judged::Below; 3]);
        assert_eq!(rate.record(&success(90_000)), REACHED);
    }

    #[test]
    fn what_was_enough_for_one_bucket_is_not_for_a_reading_of_it_when_the_next_has_begun() {
        let rate = half(4);
        (0..2).for_each(|_| _ = rate.record(&success(0)));
        (0..2).for_each(|_| _ = rate.record(&success(15_900)));
        // Two have left with the bucket that begins now.
        assert_eq!([failure, failure].map(|call| rate.record(&call(16_100))), [Judged::Below, REACHED]);
        let rate = half(5);
        (0..3).for_each(|_| _ = rate.record(&success(0)));
        (0..2).for_each(|_| _ = rate.record(&success(15_900)));
        assert_eq!([failure, failure].map(|call| rate.record(&call(16_100))), [Judged::Below; 2]);
        assert_eq!(rate.record(&failure(15_950)), REACHED);
    }

    #[test]
    fn slow_calls_are_bad_whether_they_succeed_or_not_and_no_failures() {
        let rate = Rate::new(Share::new(0.5, Some(100)), 2, 16_000);
        assert_eq!(rate.record(&Call { took: 100, ..failure(0) }), Judged::Below);
        assert_eq!(rate.record(&Call { took: 101, ..success(0) }), Judged::Reached(Cause::SlowCallRate));
        assert_eq!(rate.failures(0, 0), 0);
    }

    #[test]
    fn a_bucket_that_is_full_keeps_its_share() {
        let rate = half(FIELD_MASK * 4);
        (0..2 * FIELD_MASK).for_each(|number| {
            let call = if number % 4 == 0 { failure } else { success };
            rate.record(&call(0));
        });
        let (calls, bad) = rate.sums(0, 0);
        assert!(calls <= FIELD_MASK && calls > FIELD_MASK / 2, "{calls}");
        assert!((bad as f64 / calls as f64 - 0.25).abs() < 1e-3, "{bad} of {calls}");
    }

    proptest! {
        /// By buckets, so that the model is exact: a call counts while its bucket is one of the last 16.
        #[test]
        fn it_opens_exactly_when_a_list_says_so(
            (share, min_calls) in (0.01..=1.0_f64, 1..20_u64),
            steps in prop::collection::vec((0..4_000_u64, any::<bool>(), 0..60_u8), 1..300),
        ) {
            let rate = Rate::new(Share::new(share, None), min_calls, 16_000);
            let (mut list, mut now, mut generation) = (Vec::new(), 0, 0);
            for (step, failed, kind) in steps {
                now += step;
                if kind == 0 {
                    generation += 1;
                    rate.begin(generation, true);
                    list.clear();
                }
                let number = rate.buckets.number(now);
                list.push((number, failed));
                list.retain(|(at, _)| number - *at < 16);
                let bad = list.iter().filter(|(_, failed)| *failed).count() as u64;
                let calls = list.len() as u64;
                let opens = calls >= min_calls && bad > 0 && bad as f64 / calls as f64 >= share;
                let judged = rate.record(&Call { now, generation, failed, took: 0 });
                prop_assert_eq!(judged == REACHED, opens, "{} of {}", bad, calls);
                prop_assert_eq!(rate.failures(now, generation), bad);
            }
        }
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use crate::rules::samples::{failure, meet, success};

    #[test]
    fn the_second_of_two_calls_opens_whichever_it_is_and_in_whichever_bucket() {
        for now in [0, 8] {
            meet(
                || Rate::new(Share::new(0.5, None), 2, 32),
                |rate| rate.record(&success(0)),
                move |rate| rate.record(&failure(now)),
                |_, one, other| {
                    let opens = [one, other].iter().any(|judged| matches!(judged, Judged::Reached(_)));
                    assert!(opens, "{one:?} {other:?}");
                },
            );
        }
    }
}
