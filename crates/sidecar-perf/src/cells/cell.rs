//! What one thread has recorded of one operation.

use crate::Completion;
use crate::buckets::{BUCKETS, LONGEST, bucket_of};
use sidecar_core::sync::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::array;

/// How a word of a cell is added to.
pub(crate) trait Access {
    fn add(word: &AtomicU64, n: u64);

    /// Adds one; whoever reads the sum with Acquire sees what this thread has written before.
    fn publish(word: &AtomicU64);
}

/// For the one thread that has leased the cell: no atomic read-modify-write.
pub(crate) struct Alone;

impl Access for Alone {
    #[inline]
    fn add(word: &AtomicU64, n: u64) {
        word.store(word.load(Relaxed).wrapping_add(n), Relaxed);
    }

    #[inline]
    fn publish(word: &AtomicU64) {
        word.store(word.load(Relaxed) + 1, Release);
    }
}

/// For threads that share a cell.
pub(crate) struct Shared;

impl Access for Shared {
    #[inline]
    fn add(word: &AtomicU64, n: u64) {
        word.fetch_add(n, Relaxed);
    }

    #[inline]
    fn publish(word: &AtomicU64) {
        word.fetch_add(1, Release);
    }
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// A guard was made, or a future was polled for the first time.
    Begin,
    /// An operation ended.
    End(Ended),
}

/// An operation that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) completion: Completion,
    /// In nanoseconds; `None` where it was not drawn.
    pub(crate) duration: Option<u64>,
    /// When it was, in nanoseconds of the monitor's clock; may be early by a slice.
    pub(crate) at: u64,
    /// Whether a [`Change::Begin`] came before it.
    pub(crate) began: bool,
    pub(crate) polled: Option<Polled>,
}

/// How a future has spent its time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Polled {
    /// Nanoseconds inside `poll`.
    pub(crate) busy: u64,
    pub(crate) polls: u64,
}

/// Counters that only grow, but for those in flight; and the extremes, which whoever closes a slice takes out.
///
/// Aligned to two cache lines, the unit that adjacent-line prefetch moves on x86-64, so that two threads' cells do
/// not slow each other down.
///
/// Orderings are relaxed but for the counts by completion, which are raised after the duration was recorded and read
/// before: an operation that is counted has its duration in the same slice or an earlier one. What one lessee wrote is
/// handed to the next by the pool's lock.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Cell {
    completions: [AtomicU64; 4],
    /// Wraps: an operation may end on another thread than it began on.
    in_flight: AtomicU64,
    latest: AtomicU64,
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    busy: AtomicU64,
    waited: AtomicU64,
    polls: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Cell {
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            completions: array::from_fn(|_| zero()),
            in_flight: zero(),
            latest: zero(),
            sum: zero(),
            min: AtomicU64::new(u64::MAX),
            max: zero(),
            busy: zero(),
            waited: zero(),
            polls: zero(),
            buckets: array::from_fn(|_| zero()),
        }
    }

    #[inline]
    pub(crate) fn apply<A: Access>(&self, change: Change) {
        match change {
            Change::Begin => A::add(&self.in_flight, 1),
            Change::End(ended) => self.end::<A>(ended),
        }
    }

    #[inline]
    fn end<A: Access>(&self, ended: Ended) {
        if let Some(duration) = ended.duration {
            let duration = duration.min(LONGEST);
            // A read-modify-write, because a slice may be closed meanwhile, but only for a new extreme.
            if duration < self.min.load(Relaxed) {
                self.min.fetch_min(duration, Relaxed);
            }
            if duration > self.max.load(Relaxed) {
                self.max.fetch_max(duration, Relaxed);
            }
            A::add(&self.sum, duration);
            // Release pairs with the Acquire in `add_to`: who sees the count sees the extreme.
            A::publish(&self.buckets[bucket_of(duration)]);
            if let Some(Polled { busy, polls }) = ended.polled {
                A::add(&self.busy, busy.min(duration));
                A::add(&self.waited, duration.saturating_sub(busy));
                A::add(&self.polls, polls);
            }
        }
        // Of two threads that share the cell the later one may lose; they differ by less than a slice.
        if ended.at != self.latest.load(Relaxed) {
            self.latest.store(ended.at, Relaxed);
        }
        // Release pairs with the Acquire in `add_to` and `ended`.
        A::publish(&self.completions[ended.completion.index()]);
        if ended.began {
            A::add(&self.in_flight, u64::MAX);
        }
    }

    /// How many have ended, without looking at the buckets.
    pub(super) fn ended(&self) -> u64 {
        self.completions.iter().map(|count| count.load(Acquire)).sum()
    }

    pub(super) fn add_to(&self, totals: &mut Totals, extremes: Extremes) {
        for (total, count) in totals.completions.iter_mut().zip(&self.completions) {
            *total += count.load(Acquire);
        }
        totals.in_flight = totals.in_flight.wrapping_add(self.in_flight.load(Relaxed));
        totals.latest = totals.latest.max(self.latest.load(Relaxed));
        totals.sum = totals.sum.wrapping_add(self.sum.load(Relaxed));
        totals.busy = totals.busy.wrapping_add(self.busy.load(Relaxed));
        totals.waited = totals.waited.wrapping_add(self.waited.load(Relaxed));
        totals.polls += self.polls.load(Relaxed);
        for (total, count) in totals.buckets.iter_mut().zip(&self.buckets) {
            *total += count.load(Acquire);
        }
        // After the buckets, so that no duration is counted whose extreme is missing.
        let (min, max) = match extremes {
            Extremes::Leave => (self.min.load(Relaxed), self.max.load(Relaxed)),
            Extremes::Take => (self.min.swap(u64::MAX, Relaxed), self.max.swap(0, Relaxed)),
        };
        totals.min = totals.min.min(min);
        totals.max = totals.max.max(max);
    }
}

/// What becomes of the shortest and the longest duration when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extremes {
    /// The slice goes on.
    Leave,
    /// The slice is closed.
    Take,
}

/// Cells, added up.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    pub(crate) completions: [u64; 4],
    /// Wraps.
    pub(crate) in_flight: u64,
    pub(crate) latest: u64,
    /// Wraps.
    pub(crate) sum: u64,
    /// Of the open slice; `u64::MAX` where there is none.
    pub(crate) min: u64,
    /// Of the open slice; 0 where there is none.
    pub(crate) max: u64,
    pub(crate) busy: u64,
    pub(crate) waited: u64,
    pub(crate) polls: u64,
    pub(crate) buckets: Vec<u64>,
}

impl Totals {
    pub(crate) fn new() -> Self {
        Self {
            completions: [0; 4],
            in_flight: 0,
            latest: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
            busy: 0,
            waited: 0,
            polls: 0,
            buckets: vec![0; BUCKETS],
        }
    }
}
