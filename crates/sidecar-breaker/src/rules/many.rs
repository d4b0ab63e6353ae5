//! More failures inside a span of time than are kept one by one.

use super::buckets::{Buckets, Missed, Number, PAYLOAD_BITS};
use super::{Call, Judged};
use crate::Cause;
use sidecar_core::sync::{AtomicU64, Ordering};

/// 128 buckets: a failure may leave the window up to 1/128 of its span early.
const BUCKET_BITS: u32 = 7;

const MOST: u64 = (1 << PAYLOAD_BITS) - 1;
const LEVEL_BITS: u32 = 41;
const NUMBER_MASK: u64 = u64::MAX >> LEVEL_BITS;

/// Failures by bucket.
///
/// Summing all buckets for each failure would cost more than counting it. A sum that falls short by `n` says
/// that nothing can be reached before this bucket has grown by `n`, for all others only leave. That level is
/// remembered, and until then, or until the next bucket, nobody sums.
#[derive(Debug)]
pub(super) struct Many {
    limit: u64,
    buckets: Buckets,
    /// `[number of the bucket, low 23 bits | its level: 41 bits]`. Relaxed: whoever reads an older one sums.
    quiet: AtomicU64,
}

impl Many {
    pub(super) fn new(limit: u64, span: u64) -> Self {
        Self { limit, buckets: Buckets::new(BUCKET_BITS, span), quiet: AtomicU64::new(0) }
    }

    #[inline]
    pub(super) fn is_ahead(&self, call: &Call) -> bool {
        call.failed && self.buckets.is_ahead(call.now)
    }

    #[inline]
    pub(super) fn record(&self, call: &Call) -> Judged {
        if !call.failed {
            return Judged::Below;
        }
        let number = self.buckets.number(call.now);
        let count = match self.buckets.update(number, call.generation, |count| (count + 1).min(MOST)) {
            Ok((count, _)) => count,
            Err(Missed::Generation) => return Judged::Late,
            Err(Missed::Span) => return Judged::Below,
        };
        let quiet = self.quiet.load(Ordering::Relaxed);
        if quiet >> LEVEL_BITS == number & NUMBER_MASK && count < quiet & (u64::MAX >> (64 - LEVEL_BITS)) {
            return Judged::Below;
        }
        let sum = self.sum(number, call.generation);
        if sum >= self.limit {
            return Judged::Reached(Cause::FailureThreshold);
        }
        let level = count + (self.limit - sum);
        self.quiet.store((number & NUMBER_MASK) << LEVEL_BITS | level, Ordering::Relaxed);
        Judged::Below
    }

    pub(super) fn failures(&self, now: u64, generation: u64) -> u64 {
        self.sum(self.buckets.number(now), generation)
    }

    fn sum(&self, number: Number, generation: u64) -> u64 {
        self.buckets.payloads(number, generation).sum()
    }

    pub(super) fn span(&self) -> u64 {
        self.buckets.span()
    }

    /// As [`Recent::contents`](super::recent::Recent::contents). All of a bucket are as old as its oldest may be.
    pub(super) fn contents(&self, now: u64, generation: u64) -> Vec<(i128, u64)> {
        self.buckets.contents(now, generation)
    }

    /// Takes what counts of these. Only for a record that nobody uses yet.
    pub(super) fn fill(&self, contents: &[(i128, u64)], generation: u64) {
        for (time, count) in contents {
            let Some(number) = self.buckets.number_at(*time) else { continue };
            // Fails for what has left the span.
            let _ = self.buckets.update(number, generation, |held| (held + count).min(MOST));
        }
    }

    pub(super) fn begin(&self, generation: u64, afresh: bool) {
        self.buckets.begin(generation, afresh);
        self.quiet.store(0, Ordering::Relaxed);
    }

    pub(super) fn holds_ahead(&self, now: u64) -> bool {
        self.buckets.is_ahead(now)
    }

    pub(super) fn follow(&self, read: &dyn Fn() -> u64, generation: u64) {
        if self.buckets.follow(read, generation, |a, b| (a + b).min(MOST)) {
            // The clock comes by the same bucket once more, with other failures.
            self.quiet.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::rules::samples::{failure, success};
    use proptest::prelude::*;

    #[test]
    fn successes_leave_no_trace() {
        let many = Many::new(1, 128_000);
        assert_eq!(many.record(&success(0)), Judged::Below);
        assert_eq!(many.failures(0, 0), 0);
    }

    #[test]
    fn a_level_from_before_the_clock_stepped_back_is_forgotten() {
        let many = Many::new(3, 128_000);
        // One failure at 60 000 leaves a level of three for its bucket.
        assert_eq!(many.record(&failure(60_000)), Judged::Below);
        many.follow(&|| 5_000, 0);
        // It has come along. A second makes two, one bucket earlier than the level, and a third reaches the limit.
        assert_eq!(many.record(&failure(59_500)), Judged::Below);
        assert_eq!(many.record(&failure(60_000)), Judged::Reached(Cause::FailureThreshold));
    }

    proptest! {
        /// By buckets, so that the model is exact: a failure counts while its bucket is one of the last 128.
        #[test]
        fn it_opens_exactly_when_a_list_says_so(
            limit in 1..300_u64,
            steps in prop::collection::vec((0..2_500_u64, 0..200_u8), 1..900),
        ) {
            let many = Many::new(limit, 128_000);
            let (mut list, mut now, mut generation) = (Vec::new(), 0, 0);
            for (step, kind) in steps {
                now += step;
                if kind == 0 {
                    generation += 1;
                    many.begin(generation, true);
                    list.clear();
                }
                let number = many.buckets.number(now);
                list.push(number);
                list.retain(|at| number - at < 128);
                let judged = many.record(&Call { generation, ..failure(now) });
                prop_assert_eq!(judged == Judged::Reached(Cause::FailureThreshold), list.len() as u64 >= limit);
                prop_assert_eq!(many.failures(now, generation), list.len() as u64);
            }
        }
    }
}
