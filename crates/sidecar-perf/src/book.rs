//! The rolling window of one operation, slice by slice, made of what its cells gained from one slice's end to the next.

use crate::cells::{BUCKETS, COMPLETIONS, Cells, NANOS, Range, Sums};
use std::collections::VecDeque;
use std::iter::zip;

/// A window is cut into this many slices.
pub(crate) const SLICES: u64 = 12;

/// What was added to the cells within one slice.
#[derive(Debug)]
struct Slice {
    /// Which slice of the clock's time.
    index: u64,
    sums: Sums,
    range: Range,
    /// Buckets with something in them, and how much. One with more than 2^32 - 1 stands here repeatedly.
    buckets: Vec<u16>,
    counts: Vec<u32>,
}

/// The slices of the window that are over, and what the cells held when the last one ended.
#[derive(Debug)]
pub(crate) struct Book {
    slice_nanos: u64,
    /// The slice that the cells gain for now.
    current: u64,
    /// When counting began.
    began: u64,
    sums: Sums,
    buckets: Box<[u64]>,
    /// Of all slices before the current one, those no longer held included.
    range: Range,
    nanos: u128,
    held: VecDeque<Slice>,
    /// Slices that were held, for their memory.
    spare: Vec<Slice>,
}

/// Everything added within a span of time.
#[derive(Debug)]
pub(crate) struct Sum {
    pub(crate) span_nanos: u64,
    pub(crate) sums: Sums,
    pub(crate) nanos: u128,
    pub(crate) buckets: Vec<u64>,
    /// The smallest and largest duration: exact, but for what was recorded at the very end of a slice.
    pub(crate) range: Range,
    /// Holds all durations for sure.
    pub(crate) bounds: Range,
}

impl Book {
    pub(crate) fn new(slice_nanos: u64, now: u64) -> Self {
        Self {
            slice_nanos,
            current: now / slice_nanos,
            began: now,
            sums: Sums::default(),
            buckets: vec![0; BUCKETS].into_boxed_slice(),
            range: Range::EMPTY,
            nanos: 0,
            held: VecDeque::with_capacity(SLICES as usize),
            spare: Vec::with_capacity(SLICES as usize),
        }
    }

    /// When the current slice began.
    pub(crate) fn slice_start(&self) -> u64 {
        self.current * self.slice_nanos
    }

    /// Ends the current slice, if it is over.
    pub(crate) fn roll(&mut self, cells: &Cells, now: u64) {
        let index = now / self.slice_nanos;
        if index > self.current {
            self.seal(cells);
            self.current = index;
            while self.held.front().is_some_and(|slice| slice.index + SLICES <= index) {
                self.spare.extend(self.held.pop_front());
            }
        } else if self.current - index > SLICES {
            // The clock has begun again, and so does the window. A smaller step back is waited for.
            self.seal(cells);
            self.spare.extend(self.held.drain(..));
            (self.current, self.began) = (index, now);
        }
    }

    fn seal(&mut self, cells: &Cells) {
        let mut slice = self.spare.pop().unwrap_or_else(Slice::new);
        (slice.index, slice.sums) = (self.current, self.gain(cells));
        self.nanos += u128::from(slice.sums[NANOS]);
        self.sums = add(self.sums, slice.sums);
        slice.take_buckets(&mut self.buckets, cells);
        // After the buckets, so that what was counted is within it, or within that of an earlier slice.
        slice.range = cells.take_range();
        self.range = self.range.with(slice.range);
        if slice.is_empty() {
            self.spare.push(slice);
        } else {
            self.held.push_back(slice);
        }
    }

    fn gain(&self, cells: &Cells) -> Sums {
        let sums = cells.sums();
        std::array::from_fn(|which| sums[which].wrapping_sub(self.sums[which]))
    }

    /// What the window holds, after [`roll`](Self::roll).
    pub(crate) fn window(&self, cells: &Cells, now: u64) -> Sum {
        let mut sums = self.gain(cells);
        let mut nanos = u128::from(sums[NANOS]);
        let mut buckets: Vec<u64> =
            zip(cells.buckets(), &self.buckets).map(|(now, then)| now - then).collect();
        let mut range = cells.range();
        let bounds = self.range.with(range);
        for slice in &self.held {
            sums = add(sums, slice.sums);
            nanos += u128::from(slice.sums[NANOS]);
            range = range.with(slice.range);
            for (bucket, count) in zip(&slice.buckets, &slice.counts) {
                buckets[usize::from(*bucket)] += u64::from(*count);
            }
        }
        let oldest = self.current.saturating_sub(SLICES - 1) * self.slice_nanos;
        let span_nanos = now.saturating_sub(self.began.max(oldest));
        Sum { span_nanos, sums, nanos, buckets, range, bounds }
    }

    /// What there was since the start.
    pub(crate) fn since_start(&self, cells: &Cells, now: u64) -> Sum {
        let gain = self.gain(cells);
        let buckets = cells.buckets().collect();
        let range = self.range.with(cells.range());
        Sum {
            span_nanos: now.saturating_sub(self.began),
            sums: add(self.sums, gain),
            nanos: self.nanos + u128::from(gain[NANOS]),
            buckets,
            range,
            bounds: range,
        }
    }
}

impl Slice {
    fn new() -> Self {
        let (buckets, counts) = (Vec::new(), Vec::new());
        Self { index: 0, sums: Sums::default(), range: Range::EMPTY, buckets, counts }
    }

    /// Takes what the buckets of the cells hold beyond `before`, which then holds the same.
    fn take_buckets(&mut self, before: &mut [u64], cells: &Cells) {
        self.buckets.clear();
        self.counts.clear();
        let different = zip(cells.buckets(), &*before).filter(|(now, before)| now != *before).count();
        self.buckets.reserve_exact(different);
        self.counts.reserve_exact(different);
        for (bucket, (now, before)) in zip(cells.buckets(), before).enumerate() {
            let mut gain = now - *before;
            *before = now;
            while gain > 0 {
                let part = u32::try_from(gain).unwrap_or(u32::MAX);
                // There is room, but for what was recorded since it was counted.
                self.buckets.reserve_exact(1);
                self.counts.reserve_exact(1);
                self.buckets.push(bucket as u16);
                self.counts.push(part);
                gain -= u64::from(part);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.sums[..COMPLETIONS].iter().all(|count| *count == 0)
    }
}

fn add(one: Sums, other: Sums) -> Sums {
    std::array::from_fn(|which| one[which].wrapping_add(other[which]))
}
