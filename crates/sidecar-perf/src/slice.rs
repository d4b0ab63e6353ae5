//! What was recorded between two closings, kept small.

use crate::buckets::{BUCKETS, edges_of};
use crate::cells::Totals;

/// A closed slice of time, or several that were merged.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) start: u64,
    /// When its last operation ended, at the latest.
    pub(crate) end: u64,
    pub(crate) completions: [u64; 4],
    pub(crate) sum: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
    pub(crate) busy: u64,
    pub(crate) waited: u64,
    pub(crate) polls: u64,
    buckets: Buckets,
}

impl Slice {
    /// What `now` has more than `before`.
    pub(crate) fn between(start: u64, end: u64, before: &Baseline, now: &Totals) -> Self {
        let completions = std::array::from_fn(|each| now.completions[each] - before.completions[each]);
        let (buckets, range) = Buckets::collect(before.buckets.rises(&now.buckets));
        let (min, max) = extremes(now, range);
        Self {
            start,
            end,
            completions,
            sum: now.sum.wrapping_sub(before.sum),
            min,
            max,
            busy: now.busy.wrapping_sub(before.busy),
            waited: now.waited.wrapping_sub(before.waited),
            polls: now.polls - before.polls,
            buckets,
        }
    }

    /// Makes one of two; `later` comes right after this one.
    pub(crate) fn merge(&mut self, later: &Self) {
        self.end = self.end.max(later.end);
        for (mine, theirs) in self.completions.iter_mut().zip(&later.completions) {
            *mine += theirs;
        }
        self.sum = self.sum.wrapping_add(later.sum);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.busy = self.busy.wrapping_add(later.busy);
        self.waited = self.waited.wrapping_add(later.waited);
        self.polls += later.polls;
        self.buckets.merge(&later.buckets);
    }

    /// Moves it `by` nanoseconds into the past, as far as there is one.
    pub(crate) fn shift(&mut self, by: u64) {
        self.start = self.start.saturating_sub(by);
        self.end = self.end.saturating_sub(by);
    }

    pub(crate) fn add_buckets_to(&self, counts: &mut [u64]) {
        for &(bucket, count) in &self.buckets.0 {
            counts[usize::from(bucket)] += u64::from(count);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.buckets.bytes()
    }
}

/// Everything up to where a slice begins, kept small.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    completions: [u64; 4],
    sum: u64,
    busy: u64,
    waited: u64,
    polls: u64,
    buckets: Buckets,
}

impl Baseline {
    pub(crate) fn new(totals: &Totals) -> Self {
        Self {
            completions: totals.completions,
            sum: totals.sum,
            busy: totals.busy,
            waited: totals.waited,
            polls: totals.polls,
            buckets: Buckets::collect(totals.buckets.iter().copied()).0,
        }
    }

    pub(crate) fn ended(&self) -> u64 {
        self.completions.iter().sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.buckets.bytes()
    }
}

/// The exact extremes of an open slice where they fit its lowest and its highest bucket. An extreme is noted before
/// the sample is counted, so a slice that is closed between the two has one of them only; then the edge of the
/// bucket stands in.
fn extremes(now: &Totals, range: Option<(usize, usize)>) -> (u64, u64) {
    let Some((first, last)) = range else { return (u64::MAX, 0) };
    let (lowest, highest) = (edges_of(first), edges_of(last));
    let min = if (lowest.0..=lowest.1).contains(&now.min) { now.min } else { lowest.0 };
    let max = if (highest.0..=highest.1).contains(&now.max) { now.max } else { highest.1 };
    (min, max)
}

/// Buckets that are not empty, ascending. One that holds more than `u32::MAX` stands there several times.
#[derive(Clone, Debug, Default)]
struct Buckets(Vec<(u16, u32)>);

const _: () = assert!(BUCKETS <= u16::MAX as usize);

impl Buckets {
    /// Also the first and the last bucket that is not empty.
    fn collect(counts: impl Iterator<Item = u64>) -> (Self, Option<(usize, usize)>) {
        let mut buckets = Vec::new();
        let mut range = None;
        for (bucket, count) in counts.enumerate().filter(|(_, count)| *count > 0) {
            push(&mut buckets, bucket as u16, count);
            range = Some((range.map_or(bucket, |(first, _)| first), bucket));
        }
        buckets.shrink_to_fit();
        (Self(buckets), range)
    }

    /// How much more every bucket has now.
    fn rises(&self, now: &[u64]) -> impl Iterator<Item = u64> {
        let mut before = self.0.iter().peekable();
        now.iter().enumerate().map(move |(bucket, count)| {
            let mut rise = *count;
            while let Some((_, count)) = before.next_if(|entry| usize::from(entry.0) == bucket) {
                rise -= u64::from(*count);
            }
            rise
        })
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u16, u32)>()
    }

    fn merge(&mut self, other: &Self) {
        let mut merged = Vec::with_capacity(self.0.len().max(other.0.len()));
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let bucket = match (mine.peek(), theirs.peek()) {
                (None, None) => break,
                (Some(one), None) | (None, Some(one)) => one.0,
                (Some(one), Some(other)) => one.0.min(other.0),
            };
            let mut count = 0;
            for side in [&mut mine, &mut theirs] {
                while let Some((_, more)) = side.next_if(|entry| entry.0 == bucket) {
                    count += u64::from(*more);
                }
            }
            push(&mut merged, bucket, count);
        }
        merged.shrink_to_fit();
        self.0 = merged;
    }
}

fn push(buckets: &mut Vec<(u16, u32)>, bucket: u16, mut count: u64) {
    while count > 0 {
        let part = u32::try_from(count).unwrap_or(u32::MAX);
        buckets.push((bucket, part));
        count -= u64::from(part);
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn counts_beyond_32_bits_are_exact() {
        let many = u64::from(u32::MAX) * 2 + 7;
        let (mut buckets, range) = Buckets::collect([0, 3, 0, many].into_iter());
        assert_eq!(range, Some((1, 3)));
        buckets.merge(&Buckets(vec![(0, 1), (3, 5)]));
        let total = |bucket| {
            buckets.0.iter().filter(|entry| entry.0 == bucket).map(|entry| u64::from(entry.1)).sum::<u64>()
        };
        assert_eq!([0, 1, 2, 3].map(total), [1, 3, 0, many + 5]);
        assert!(buckets.0.is_sorted_by_key(|entry| entry.0));
        let rises: Vec<_> = buckets.rises(&[1, 4, 0, many + 6]).collect();
        assert_eq!(rises, [0, 1, 0, 1]);
    }
}
