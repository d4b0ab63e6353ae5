//! The slices of one operation: a short window in detail, and a long one of merged slices.

use crate::cells::{Extremes, Pool, Totals};
use crate::figures::Sum;
use crate::slice::{Baseline, Slice};
use std::collections::VecDeque;

/// Slices of a window.
pub(crate) const SLICES: u64 = 12;

/// Lengths in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    pub(crate) window: u64,
    pub(crate) retention: u64,
}

impl Lengths {
    pub(crate) fn slice(self) -> u64 {
        self.window / SLICES
    }

    fn merged(self) -> u64 {
        (self.retention / SLICES).max(self.slice())
    }

    /// Whether the long window is worth slices of its own.
    fn keeps_more(self) -> bool {
        self.retention > self.window
    }
}

/// Which figures are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Window,
    Retention,
    Start,
}

/// What was recorded when, to one slice.
///
/// INVARIANT: `start` <= `open` <= `now` < `due`, and slices are in the order of time.
#[derive(Debug)]
pub(crate) struct History {
    lengths: Lengths,
    start: u64,
    /// The latest time that it was told.
    now: u64,
    /// When the open slice began: when the one before it was closed.
    open: u64,
    due: u64,
    merged_due: u64,
    /// What had been recorded when the open slice began.
    before: Baseline,
    /// Of all slices that are closed.
    extremes: (u64, u64),
    recent: VecDeque<Slice>,
    merging: Option<Slice>,
    merged: VecDeque<Slice>,
}

impl History {
    pub(crate) fn new(now: u64, start: u64, lengths: Lengths) -> Self {
        Self {
            lengths,
            start: now,
            now,
            open: now,
            due: next_after(now, start, lengths.slice()),
            merged_due: next_after(now, start, lengths.merged()),
            before: Baseline::default(),
            extremes: (u64::MAX, 0),
            recent: VecDeque::new(),
            merging: None,
            merged: VecDeque::new(),
        }
    }

    /// Closes the open slice, if it is over at `now`. A time before the latest one by a slice or more counts as a step
    /// of the clock: all that is known keeps its age. By less, it is that of a reader who was overtaken by another.
    pub(crate) fn advance(&mut self, now: u64, pool: &Pool) {
        let back = self.now.saturating_sub(now);
        let now = if back < self.lengths.slice() { self.now.max(now) } else { now };
        if now < self.now {
            self.shift(back);
        }
        self.now = now;
        if now < self.due {
            return;
        }
        self.close(pool);
        let passed = |due: u64, length: u64| due + ((now - due) / length + 1) * length;
        self.due = passed(self.due, self.lengths.slice());
        if now >= self.merged_due {
            self.merged_due = passed(self.merged_due, self.lengths.merged());
            self.merged.extend(self.merging.take());
        }
        self.forget();
    }

    fn close(&mut self, pool: &Pool) {
        let start = std::mem::replace(&mut self.open, self.now);
        // Nothing has ended, so nothing can have been counted either: a count is raised last.
        if pool.ended() == self.before.ended() {
            return;
        }
        let totals = pool.read(Extremes::Take);
        let slice = self.slice(start, &totals);
        self.extremes = (self.extremes.0.min(slice.min), self.extremes.1.max(slice.max));
        if self.lengths.keeps_more() {
            match &mut self.merging {
                Some(merging) => merging.merge(&slice),
                none => *none = Some(slice.clone()),
            }
        }
        self.recent.push_back(slice);
        self.before = Baseline::new(&totals);
    }

    /// What was recorded since `start`.
    fn slice(&self, start: u64, totals: &Totals) -> Slice {
        // The time of an operation may be early by a slice, and of another clock than it is now.
        let latest = totals.latest.saturating_add(self.lengths.slice());
        Slice::between(start, latest.clamp(start, self.now), &self.before, totals)
    }

    fn forget(&mut self) {
        let is_over = |slice: Option<&Slice>, span: u64| {
            slice.is_some_and(|slice| slice.end.saturating_add(span) <= self.now)
        };
        while is_over(self.recent.front(), self.lengths.window) {
            self.recent.pop_front();
        }
        while is_over(self.merged.front(), self.lengths.retention) {
            self.merged.pop_front();
        }
    }

    /// Merges slices up to a quarter of their window, to save memory: counts stay, the window becomes less exact.
    ///
    /// Of three that are kept in a row the last one begins more than a quarter after the first one, so of each window
    /// no more than 9 are kept, however long they are.
    pub(crate) fn coarsen(&mut self) {
        for (slices, length) in
            [(&mut self.recent, self.lengths.window), (&mut self.merged, self.lengths.retention)]
        {
            let mut kept: VecDeque<Slice> = VecDeque::new();
            for slice in slices.drain(..) {
                match kept.back_mut() {
                    Some(last) if slice.end.saturating_sub(last.start) <= length / 4 => last.merge(&slice),
                    _ => kept.push_back(slice),
                }
            }
            *slices = kept;
        }
    }

    fn shift(&mut self, by: u64) {
        for time in [&mut self.start, &mut self.open, &mut self.due, &mut self.merged_due] {
            *time = time.saturating_sub(by);
        }
        let slices = self.recent.iter_mut().chain(&mut self.merging).chain(&mut self.merged);
        slices.for_each(|slice| slice.shift(by));
    }

    /// The figures of every span that is asked for, of one moment, and how many are in flight.
    pub(crate) fn read<const N: usize>(
        &mut self,
        now: u64,
        pool: &Pool,
        spans: [Span; N],
    ) -> ([Sum; N], u64) {
        self.advance(now, pool);
        let totals = pool.read(Extremes::Leave);
        // A wrapped sum: below zero while an operation is on its way from one thread to another.
        let in_flight = (totals.in_flight.cast_signed()).max(0).cast_unsigned();
        let open = self.slice(self.open, &totals);
        (spans.map(|span| self.sum(span, &open, &totals)), in_flight)
    }

    fn sum(&self, span: Span, open: &Slice, totals: &Totals) -> Sum {
        let (length, slices) = match span {
            Span::Window => (self.lengths.window, &self.recent),
            Span::Retention if self.lengths.keeps_more() => (self.lengths.retention, &self.merged),
            Span::Retention => (self.lengths.retention, &self.recent),
            Span::Start => {
                let extremes = (self.extremes.0.min(open.min), self.extremes.1.max(open.max));
                return Sum::since(self.now - self.start, totals, extremes);
            }
        };
        let merging = self.merging.iter().filter(|_| span == Span::Retention && self.lengths.keeps_more());
        let known = slices.iter().chain(merging).chain([open]);
        let seen = known.filter(|slice| slice.end.saturating_add(length) > self.now);
        let mut sum = Sum::default();
        let mut begin = self.now.saturating_sub(length).max(self.start);
        for slice in seen.filter(|slice| slice.completions.iter().sum::<u64>() > 0) {
            begin = begin.min(slice.start);
            sum.add(slice);
        }
        sum.nanos = self.now - begin;
        sum
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let slices = self.recent.iter().chain(&self.merging).chain(&self.merged);
        slices.map(Slice::bytes).sum::<usize>() + self.before.bytes()
    }
}

/// The first end of a slice after `now`; slices begin at `start`.
pub(crate) fn next_after(now: u64, start: u64, length: u64) -> u64 {
    let passed = now.saturating_sub(start) / length;
    start.saturating_add((passed + 1).saturating_mul(length))
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::Completion;
    use crate::cells::{self, Allowance, Change, Ended};
    use sidecar_harness::Draws;
    use std::sync::Arc;

    const SECOND: u64 = 1_000_000_000;

    /// The most slices that are left when each tick is late by as much as `late` says.
    fn most_left(late: impl Fn(u64) -> u64) -> usize {
        let lengths = Lengths { window: 60 * SECOND, retention: 3_600 * SECOND };
        let pool = Arc::new(Pool::new(1 << 40, Arc::new(Allowance::new(1))));
        let mut history = History::new(0, 0, lengths);
        let left = (1..5_000).map(|number| {
            let now = number * lengths.slice() + late(number);
            let completion = Completion::Success;
            let ended = Ended { completion, duration: Some(1), at: now, began: false, polled: None };
            cells::apply(&pool, Change::End(ended));
            history.advance(now, &pool);
            history.coarsen();
            history.recent.len() + usize::from(history.merging.is_some()) + history.merged.len()
        });
        left.max().expect("there are some")
    }

    #[test]
    fn merging_leaves_no_more_slices_than_are_stated() {
        assert!(most_left(|_| 0) <= 11);
        // A long slice after each short one.
        let alternating = most_left(|number| if number % 2 == 0 { 0 } else { 5 * SECOND - 1 });
        assert!(alternating <= 19, "{alternating}");
        for seed in 0..8 {
            let late = |number| Draws::seeded(seed * 10_000 + number).below(5 * SECOND);
            let left = most_left(late);
            assert!(left <= 19, "{left} of seed {seed}");
        }
    }
}
