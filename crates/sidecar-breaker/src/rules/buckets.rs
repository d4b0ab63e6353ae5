//! Sums over a sliding span of time, in a ring of buckets that roll by themselves.

use sidecar_core::sync::{AtomicU64, Ordering, in_one_order};

/// What a bucket can hold: 40 bits, divided as its user likes.
pub(super) const PAYLOAD_BITS: u32 = 40;
const PAYLOAD_MASK: u64 = (1 << PAYLOAD_BITS) - 1;

const TAG_BITS: u32 = 12;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;

/// The buckets of one span. The newest is of now, each one before it a part of the span older; the oldest has
/// in part left the span already, and what is in it is given up with it. So what is summed has happened
/// inside the span, and what has happened inside the span less one bucket is summed.
///
/// A bucket is one word, `[generation, low 12 bits | round, low 12 bits | payload: 40 bits]`, always replaced
/// as a whole by whoever finds it as it was read. Nobody has to empty a bucket before it is used again: its
/// tag tells what it belongs to.
///
/// INVARIANT: every word carries the current generation, so whoever finds another one is of an earlier. A word
/// of another round than its number asks for is out of date, unless the newest number is a round ahead.
#[derive(Debug)]
pub(super) struct Buckets {
    /// `2^64 / width`: multiplying takes a tenth of the time of dividing.
    per_width: u64,
    /// Log2 of the number of buckets.
    bits: u32,
    span: u64,
    newest: AtomicU64,
    words: Box<[AtomicU64]>,
}

/// The place of a moment in time: buckets since a whole span before the clock's origin, so that a clock which
/// begins anew finds room for what went before.
pub(super) type Number = u64;

/// Why a bucket was not updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// A later generation has begun.
    Generation,
    /// The bucket has left the span: the thread was held up for so long.
    Span,
}

impl Buckets {
    /// `2^bits` buckets over `span` nanoseconds.
    pub(super) fn new(bits: u32, span: u64) -> Self {
        let width = (span >> bits).max(2);
        let words = (0..1 << bits).map(|_| AtomicU64::new(0)).collect();
        Self {
            per_width: (u128::from(u64::MAX) / u128::from(width)) as u64,
            bits,
            span,
            newest: AtomicU64::new(1 << bits),
            words,
        }
    }

    #[inline]
    pub(super) fn number(&self, now: u64) -> Number {
        (((u128::from(now) * u128::from(self.per_width)) >> 64) as u64).saturating_add(1 << self.bits)
    }

    /// Whether there are buckets newer than the one after that of `now`.
    #[inline]
    pub(super) fn is_ahead(&self, now: u64) -> bool {
        self.newest.load(Ordering::Relaxed) > self.number(now) + 1
    }

    /// Puts `f` of it in the place of a payload, which is zero where there is none yet; the new payload, and the
    /// number up to which buckets were in use before.
    #[inline]
    pub(super) fn update(
        &self,
        number: Number,
        generation: u64,
        f: impl Fn(u64) -> u64,
    ) -> Result<(u64, Number), Missed> {
        let (bucket, tag) = (self.bucket(number), self.tag(number, generation));
        if !is_of(bucket.load(Ordering::SeqCst), generation) {
            return Err(Missed::Generation);
        }
        let newest = self.newest.load(Ordering::SeqCst);
        if newest < number {
            self.roll(number, generation);
        }
        let mut word = bucket.load(Ordering::SeqCst);
        loop {
            if !is_of(word, generation) {
                return Err(Missed::Generation);
            }
            let payload = if word >> PAYLOAD_BITS == tag {
                word & PAYLOAD_MASK
            } else if self.is_gone(number) {
                return Err(Missed::Span);
            } else {
                0
            };
            let next = f(payload) & PAYLOAD_MASK;
            match exchange(bucket, word, tag << PAYLOAD_BITS | next) {
                Ok(_) => {
                    in_one_order();
                    return Ok((next, newest));
                }
                Err(newer) => word = newer,
            }
        }
    }

    /// The payloads of this generation that count at `number`, or at the newest number if that is ahead: of two
    /// threads that have just added to different buckets, the one that looks last must see both.
    pub(super) fn payloads(&self, number: Number, generation: u64) -> impl Iterator<Item = u64> {
        let newest = self.newest.load(Ordering::SeqCst);
        self.window(number.max(newest))
            .filter(move |number| *number <= newest)
            .filter_map(move |number| self.payload(number, generation))
    }

    pub(super) fn span(&self) -> u64 {
        self.span
    }

    /// When each bucket that counts at `now` began, and what is in it; the newest first.
    pub(super) fn contents(&self, now: u64, generation: u64) -> Vec<(i128, u64)> {
        let newest = self.newest.load(Ordering::SeqCst);
        let held = self.window(self.number(now).max(newest)).filter(|number| *number <= newest);
        held.filter_map(|number| Some((self.began(number), self.payload(number, generation)?)))
            .filter(|(_, payload)| *payload > 0)
            .collect()
    }

    /// The number of a time, which may lie before the clock's origin; `None` if that is more than a span before.
    pub(super) fn number_at(&self, time: i128) -> Option<Number> {
        match u64::try_from(time) {
            Ok(time) => Some(self.number(time)),
            // The bucket that begins with the origin is the first after those before it.
            Err(_) => {
                let before = u64::try_from(-1 - time).ok()?;
                (1_u64 << self.bits).checked_sub(1 + (self.number(before) - (1 << self.bits)))
            }
        }
    }

    /// The first moment of a bucket.
    fn began(&self, number: Number) -> i128 {
        let buckets = i128::from(number) - (1 << self.bits);
        let after = ((buckets.unsigned_abs()) << 64).div_ceil(u128::from(self.per_width)) as i128;
        if buckets < 0 { -after } else { after }
    }

    fn payload(&self, number: Number, generation: u64) -> Option<u64> {
        let word = self.bucket(number).load(Ordering::SeqCst);
        (word >> PAYLOAD_BITS == self.tag(number, generation)).then_some(word & PAYLOAD_MASK)
    }

    /// From now on only `generation` is counted: on top of what there is, or afresh.
    pub(super) fn begin(&self, generation: u64, afresh: bool) {
        for bucket in &*self.words {
            let mut word = bucket.load(Ordering::SeqCst);
            loop {
                let round = word >> PAYLOAD_BITS & TAG_MASK;
                let payload = if afresh { 0 } else { word & PAYLOAD_MASK };
                let tag = (generation & TAG_MASK) << TAG_BITS | round;
                match exchange(bucket, word, tag << PAYLOAD_BITS | payload) {
                    Ok(_) => break,
                    Err(newer) => word = newer,
                }
            }
        }
    }

    /// Whether the clock has stepped back by more than a bucket. The newest bucket has then become the one before that
    /// of now, and those before it have kept their distance to it. In that of now they might stay a bucket too long:
    /// the newest may have been full of time, and that of now may have just begun.
    pub(super) fn follow(
        &self,
        read: &dyn Fn() -> u64,
        generation: u64,
        add: impl Fn(u64, u64) -> u64,
    ) -> bool {
        let newest = self.newest.load(Ordering::SeqCst);
        // Read after the number that it is compared with, which is therefore of another thread's past.
        let number = self.number(read());
        if newest <= number + 1 {
            return false;
        }
        let payloads: Vec<_> = self.window(newest).map(|number| self.payload(number, generation)).collect();
        self.newest.store(number, Ordering::SeqCst);
        // Tags of the round before are free for every place that `number` and those after it will use.
        for bucket in &*self.words {
            bucket.store(self.stale(number, generation), Ordering::SeqCst);
        }
        for (number, payload) in self.window(number).skip(1).zip(payloads) {
            // Fails where a thread has moved on meanwhile: it has seen the clock ahead again.
            let _ = payload.map(|held| self.update(number, generation, |payload| add(payload, held)));
        }
        true
    }

    /// Moves the newest number on. Before that the buckets of all numbers up to it are emptied, so that none of
    /// them can be taken for a current one when the short tag comes round again.
    #[cold]
    fn roll(&self, number: Number, generation: u64) {
        let newest = self.newest.load(Ordering::SeqCst);
        for skipped in self.window(number).take_while(|skipped| *skipped > newest) {
            let (bucket, tag) = (self.bucket(skipped), self.tag(skipped, generation));
            let mut word = bucket.load(Ordering::SeqCst);
            // Nobody writes into a bucket before the newest number has reached it: until then, what is there is
            // out of date.
            while is_of(word, generation) && self.newest.load(Ordering::SeqCst) < skipped {
                match exchange(bucket, word, tag << PAYLOAD_BITS) {
                    Ok(_) => break,
                    Err(newer) => word = newer,
                }
            }
        }
        self.newest.fetch_max(number, Ordering::SeqCst);
    }

    /// Whether the newest bucket is a round ahead.
    fn is_gone(&self, number: Number) -> bool {
        self.newest.load(Ordering::SeqCst).saturating_sub(number) >> self.bits > 0
    }

    /// The numbers that count at `number`, the newest first.
    fn window(&self, number: Number) -> impl Iterator<Item = Number> + use<> {
        (0..1_u64 << self.bits).map_while(move |back| number.checked_sub(back))
    }

    #[inline]
    fn bucket(&self, number: Number) -> &AtomicU64 {
        // The remainder is below the number of buckets.
        &self.words[number as usize & (self.words.len() - 1)]
    }

    #[inline]
    fn tag(&self, number: Number, generation: u64) -> u64 {
        (generation & TAG_MASK) << TAG_BITS | (number >> self.bits) & TAG_MASK
    }

    /// An empty word of the round before the one that `number` is in.
    fn stale(&self, number: Number, generation: u64) -> u64 {
        let round = (number >> self.bits).wrapping_sub(1) & TAG_MASK;
        ((generation & TAG_MASK) << TAG_BITS | round) << PAYLOAD_BITS
    }
}

fn is_of(word: u64, generation: u64) -> bool {
    word >> (PAYLOAD_BITS + TAG_BITS) == generation & TAG_MASK
}

fn exchange(bucket: &AtomicU64, old: u64, new: u64) -> Result<u64, u64> {
    bucket.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst)
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(buckets: &Buckets, number: Number, generation: u64) -> u64 {
        buckets.payloads(number, generation).sum()
    }

    fn add_one(buckets: &Buckets, number: Number, generation: u64) -> Result<u64, Missed> {
        buckets.update(number, generation, |count| count + 1).map(|(count, _)| count)
    }

    #[test]
    fn numbers_follow_time_in_even_steps() {
        for (bits, span) in [(4, 16_000_000_000), (7, 120_000_000_007), (4, 1), (4, u64::MAX)] {
            let buckets = Buckets::new(bits, span);
            let width = (span >> bits).max(2);
            for n in [0, 1, 15, 16, 1_000_003] {
                let Some(begin) = width.checked_mul(n) else { continue };
                let off = buckets.number(begin).abs_diff(n + (1 << bits));
                assert!(off <= 1, "{n} widths of {width} are {} buckets", buckets.number(begin));
            }
        }
    }

    #[test]
    fn a_bucket_begins_with_the_first_moment_of_its_number_before_the_origin_too() {
        for (bits, span) in [(4, 16_000_000_000), (7, 120_000_000_007), (4, 100)] {
            let buckets = Buckets::new(bits, span);
            for number in [0, 1, 3, 15, 16, 17, 1_000_003] {
                let began = buckets.began(number);
                assert_eq!(buckets.number_at(began), Some(number));
                assert_eq!(buckets.number_at(began - 1), number.checked_sub(1), "{number} of {span}");
            }
        }
    }

    #[test]
    fn a_tag_that_comes_round_again_brings_nothing_back() {
        let buckets = Buckets::new(4, 16_000);
        let rounds = TAG_MASK + 1;
        // The first bucket of each 16 is used once; the others ever again, in each of the rounds.
        add_one(&buckets, 0, 0).expect("the newest");
        for round in 0..=rounds {
            add_one(&buckets, round * 16 + 8, 0).expect("the newest");
        }
        assert_eq!(sum(&buckets, rounds * 16 + 8, 0), 1);
        let after_a_pause = 3 * rounds * 16;
        assert_eq!(sum(&buckets, after_a_pause + 8, 0), 0);
        add_one(&buckets, after_a_pause + 9, 0).expect("the newest");
        assert_eq!(sum(&buckets, after_a_pause + 9, 0), 1);
    }

    #[test]
    fn what_has_left_the_span_is_told_from_another_generation() {
        let buckets = Buckets::new(4, 16_000);
        add_one(&buckets, 100, 0).expect("the newest");
        assert_eq!(add_one(&buckets, 84, 0), Err(Missed::Span));
        add_one(&buckets, 85, 0).expect("the oldest of 16");
        assert_eq!(add_one(&buckets, 101, 1), Err(Missed::Generation));
        buckets.begin(1, false);
        assert_eq!(add_one(&buckets, 101, 0), Err(Missed::Generation));
        assert_eq!(sum(&buckets, 100, 1), 2);
    }

    #[test]
    fn a_clock_that_steps_back_brings_all_that_counts_along_with_its_age() {
        let buckets = Buckets::new(4, 16_000);
        (990..1_000).for_each(|number| _ = add_one(&buckets, number, 0));
        assert!(buckets.is_ahead(5_000));
        let number = buckets.number(5_000);
        assert!(buckets.follow(&|| 5_000, 0, |a, b| a + b));
        assert!(!buckets.is_ahead(5_000) && !buckets.follow(&|| 5_000, 0, |a, b| a + b));
        assert_eq!(sum(&buckets, number, 0), 10);
        add_one(&buckets, number + 1, 0).expect("the newest");
        assert_eq!(
            [1, 5, 6, 14, 15, 16, 17].map(|later| sum(&buckets, number + later, 0)),
            [11, 11, 10, 2, 1, 1, 0]
        );
    }

    #[test]
    fn a_clock_that_begins_anew_keeps_what_counts() {
        let buckets = Buckets::new(4, 16_000);
        (985..1_000).for_each(|number| _ = add_one(&buckets, number, 0));
        assert!(buckets.follow(&|| 0, 0, |a, b| a + b));
        assert_eq!(sum(&buckets, buckets.number(0), 0), 15);
    }

    #[test]
    fn a_reading_that_is_a_bucket_behind_or_no_longer_so_moves_nothing() {
        let buckets = Buckets::new(4, 16_000);
        (0..10).for_each(|bucket| _ = add_one(&buckets, buckets.number(bucket * 1_000 + 500), 0));
        for reading in [8_500, 9_500, 11_000] {
            assert!(!buckets.follow(&|| reading, 0, |a, b| a + b));
        }
        let sums = [9, 16, 24, 25].map(|bucket| sum(&buckets, buckets.number(bucket * 1_000 + 500), 0));
        assert_eq!(sums, [10, 9, 1, 0]);
    }

    proptest! {
        #[test]
        fn what_is_summed_has_happened_inside_the_span_less_at_most_one_bucket(
            span in 64..100_000_u64,
            jumps in prop::collection::vec(prop_oneof![9 => 0..20_000_u64, 1 => 0..1_000_000_000_u64], 1..200),
        ) {
            let (buckets, mut now, mut list) = (Buckets::new(4, span), 0, Vec::new());
            let width = span / 16 + 2;
            for jump in jumps {
                now += jump;
                add_one(&buckets, buckets.number(now), 0).expect("the newest");
                list.push(now);
                let sum = sum(&buckets, buckets.number(now), 0);
                let within = |span: u64| list.iter().filter(|at| now - **at < span).count() as u64;
                // The width is rounded to a whole number, so that 16 of it may miss the span by as many.
                prop_assert!(sum <= within(span + 16), "{} of {}", sum, within(span + 16));
                prop_assert!(sum >= within((15 * (span / 16)).saturating_sub(width)));
            }
        }
    }
}
