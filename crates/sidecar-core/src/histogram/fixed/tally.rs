//! Counts of buckets and a sum that belong together.
//!
//! A cell has one writer at a time. It keeps two sums, and writes a new one where the older one was before it counts:
//! the parity of the count says which one goes with it. So a reader that finds the same count before and after has
//! what belongs together, and a writer that was stopped halfway hinders nobody.
//!
//! Orderings: each store of a recording is a release and each load of a reader an acquire, so a reader that has
//! seen one store of a recording sees all that came before it. On x86-64 these are plain moves.

use crate::cells::{Cells, Words};
use crate::sync::{AtomicU64, Ordering};
use Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, OnceLock};

/// How many values the cell holds. Written last.
const COUNT: usize = 0;
/// Two sums: the one at the count's parity is that of all values counted.
const SUMS: [usize; 2] = [1, 2];
/// Of the shared cell: whether somebody writes it.
const BUSY: usize = 3;
const BUCKETS: usize = 4;

/// Threads that may have a cell of a histogram at a time. More share one.
const CELLS: usize = 16;

/// Recordings without a cell, by all threads, for each lease.
const PATIENCE: u64 = 8;

/// Looks at a cell before its reader takes what it has. With a pause each, a millisecond or less.
const LOOKS: usize = if cfg!(sidecar_loom) { 3 } else { 1_000 };

#[derive(Debug)]
pub(super) struct Tally {
    buckets: usize,
    cells: Arc<Cells>,
    crowd: OnceLock<Box<Crowd>>,
}

impl Tally {
    pub(super) fn new(buckets: usize) -> Self {
        Self { buckets, cells: Cells::new(BUCKETS + buckets, CELLS, PATIENCE), crowd: OnceLock::new() }
    }

    #[inline]
    pub(super) fn record(&self, bucket: usize, value: f64) {
        if self.cells.alone(|cell| record_alone(cell, bucket, value)).is_none() {
            self.record_shared(bucket, value);
        }
    }

    /// Never waits: if another thread writes the shared cell, which it may have been stopped in the middle of, the
    /// value goes to the crowd.
    fn record_shared(&self, bucket: usize, value: f64) {
        let cell = self.cells.shared();
        // Pairs with the release below: what the last writer wrote is there.
        if cell.at(BUSY).compare_exchange(0, 1, Acquire, Relaxed).is_ok() {
            record_alone(cell, bucket, value);
            cell.at(BUSY).store(0, Release);
        } else {
            self.crowd().add([(bucket, 1)], value);
        }
    }

    /// Many at once. A bucket must be there.
    pub(super) fn add(&self, counts: impl IntoIterator<Item = (usize, u64)>, sum: f64) {
        self.crowd().add(counts, sum);
    }

    fn crowd(&self) -> &Crowd {
        self.crowd.get_or_init(|| Box::new(Crowd::new(self.buckets)))
    }

    /// The counts of all buckets, and the sum of exactly the values counted.
    pub(super) fn read(&self) -> (Vec<u64>, f64) {
        let mut reading = Reading { counts: vec![0; self.buckets], sum: 0.0, scratch: vec![0; self.buckets] };
        reading.add(|scratch| look_alone(self.cells.shared(), scratch));
        self.cells.for_each(|cell| reading.add(|scratch| look_alone(cell, scratch)));
        if let Some(crowd) = self.crowd.get() {
            reading.add(|scratch| crowd.look(scratch));
        }
        (reading.counts, reading.sum)
    }
}

/// For the cell's one writer.
#[inline]
fn record_alone(cell: &Words, bucket: usize, value: f64) {
    let count = cell.at(COUNT).load(Relaxed);
    let sum = f64::from_bits(cell.at(sum_at(count)).load(Relaxed)) + value;
    cell.at(sum_at(count.wrapping_add(1))).store(sum.to_bits(), Release);
    let bucket = cell.at(BUCKETS + bucket);
    bucket.store(bucket.load(Relaxed).wrapping_add(1), Release);
    cell.at(COUNT).store(count.wrapping_add(1), Release);
}

#[inline]
fn sum_at(count: u64) -> usize {
    SUMS[(count & 1) as usize]
}

/// What a reader saw.
struct Look {
    sum: f64,
    /// Whether sum and counts belong together.
    whole: bool,
}

/// One look at a cell with one writer.
///
/// Had the reader seen any store of the recording after next, it would see the next one's count in the end. So it has
/// seen the first `before` recordings, and of the next one maybe the sum, which stands apart, or sum and bucket.
fn look_alone(cell: &Words, counts: &mut [u64]) -> Look {
    let before = cell.at(COUNT).load(Acquire);
    let counted = load(counts, |at| cell.at(BUCKETS + at));
    let sum = f64::from_bits(cell.at(sum_at(counted)).load(Acquire));
    Look { sum, whole: cell.at(COUNT).load(Acquire) == before }
}

/// Copies buckets, and answers with their sum.
fn load<'a>(counts: &mut [u64], bucket: impl Fn(usize) -> &'a AtomicU64) -> u64 {
    counts.iter_mut().enumerate().fold(0, |total: u64, (at, count)| {
        *count = bucket(at).load(Acquire);
        total.wrapping_add(*count)
    })
}

struct Reading {
    counts: Vec<u64>,
    sum: f64,
    scratch: Vec<u64>,
}

impl Reading {
    /// Looks until it has seen a whole, or often enough.
    fn add(&mut self, look: impl Fn(&mut [u64]) -> Look) {
        let mut seen = look(&mut self.scratch);
        for _ in 1..LOOKS {
            if seen.whole {
                break;
            }
            pause();
            seen = look(&mut self.scratch);
        }
        self.sum += seen.sum;
        self.counts
            .iter_mut()
            .zip(&self.scratch)
            .for_each(|(count, more)| *count = count.wrapping_add(*more));
    }
}

fn pause() {
    #[cfg(sidecar_loom)]
    loom::thread::yield_now();
    #[cfg(not(sidecar_loom))]
    std::hint::spin_loop();
}

/// For any number of writers at once. As many have finished as have started when nobody is in the middle of it.
#[derive(Debug)]
struct Crowd {
    words: Words,
}

const STARTED: usize = 0;
const FINISHED: usize = 1;
const SUM: usize = 2;

impl Crowd {
    fn new(buckets: usize) -> Self {
        Self { words: Words::new(BUCKETS + buckets) }
    }

    fn add(&self, counts: impl IntoIterator<Item = (usize, u64)>, value: f64) {
        // Relaxed: the releases below carry it to whoever sees what they wrote.
        self.words.at(STARTED).fetch_add(1, Relaxed);
        for (bucket, count) in counts {
            self.words.at(BUCKETS + bucket).fetch_add(count, Release);
        }
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        let _ = self.words.at(SUM).fetch_update(Release, Relaxed, add);
        self.words.at(FINISHED).fetch_add(1, Release);
    }

    /// One look: a whole if those that were finished before it are all that had started after it.
    fn look(&self, counts: &mut [u64]) -> Look {
        let finished = self.words.at(FINISHED).load(Acquire);
        load(counts, |at| self.words.at(BUCKETS + at));
        let sum = f64::from_bits(self.words.at(SUM).load(Acquire));
        Look { sum, whole: self.words.at(STARTED).load(Acquire) == finished }
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_was_stopped_hinders_neither_reader_nor_writers() {
        let tally = Tally::new(2);
        tally.record(0, 1.0);
        let cell = tally.cells.shared();
        cell.at(BUSY).store(1, Relaxed);
        // Stopped after its sum, and then after its bucket.
        cell.at(sum_at(2)).store(101.0f64.to_bits(), Release);
        assert_eq!(tally.read(), (vec![1, 0], 1.0));
        cell.at(BUCKETS + 1).store(1, Release);
        assert_eq!(tally.read(), (vec![1, 1], 101.0));
        tally.record(1, 10.0);
        assert!(tally.crowd.get().is_some());
        assert_eq!(tally.read(), (vec![1, 2], 111.0));
    }

    #[test]
    fn threads_with_cells_and_without_are_all_counted() {
        let tally = Tally::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 * CELLS {
                scope.spawn(|| (0..500).for_each(|at| tally.record(at % 2, 1.0 + at as f64)));
            }
        });
        let (counts, sum) = tally.read();
        let threads = 2 * CELLS as u64;
        assert_eq!((counts, sum), (vec![250 * threads; 2], 125_250.0 * threads as f64));
    }

    #[test]
    fn a_snapshot_under_way_is_whole() {
        let tally = Tally::new(2);
        std::thread::scope(|scope| {
            let writer =
                scope.spawn(|| (0..20_000).for_each(|at| tally.record(at % 2, (1 + at % 2 * 2) as f64)));
            while !writer.is_finished() {
                let mut counts = [0; 2];
                // A look that says it is whole must be so; how many say it depends on the machine.
                tally.cells.for_each(|cell| {
                    let seen = look_alone(cell, &mut counts);
                    assert!(!seen.whole || seen.sum == (counts[0] + 3 * counts[1]) as f64, "{counts:?}");
                });
            }
        });
        assert_eq!(tally.read(), (vec![10_000; 2], 40_000.0));
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::thread;

    /// One hundred in bucket 1, and one in bucket 0: a sum says which values are in it.
    fn is_whole(counts: &[u64], sum: f64) -> bool {
        sum == (counts[0] + 100 * counts[1]) as f64
    }

    #[test]
    fn a_look_at_a_cell_that_says_it_is_whole_is_whole() {
        loom::model(|| {
            let cells = Cells::new(BUCKETS + 2, 1, 1);
            let writer = {
                let cells = Arc::clone(&cells);
                thread::spawn(move || {
                    for (bucket, value) in [(1, 100.0), (0, 1.0), (1, 100.0)] {
                        record_alone(cells.shared(), bucket, value);
                    }
                })
            };
            let mut counts = [0; 2];
            let seen = look_alone(cells.shared(), &mut counts);
            assert!(!seen.whole || is_whole(&counts, seen.sum), "{counts:?} {}", seen.sum);
            writer.join().expect("no panic");
            let seen = look_alone(cells.shared(), &mut counts);
            assert_eq!((seen.whole, seen.sum, counts), (true, 201.0, [1, 2]));
        });
    }

    #[test]
    fn a_look_at_the_crowd_that_says_it_is_whole_is_whole() {
        loom::model(|| {
            let crowd = Arc::new(Crowd::new(2));
            let writer = {
                let crowd = Arc::clone(&crowd);
                thread::spawn(move || crowd.add([(1, 1)], 100.0))
            };
            crowd.add([(0, 1)], 1.0);
            let mut counts = [0; 2];
            let seen = crowd.look(&mut counts);
            assert!(!seen.whole || is_whole(&counts, seen.sum), "{counts:?} {}", seen.sum);
            writer.join().expect("no panic");
            let seen = crowd.look(&mut counts);
            assert_eq!((seen.whole, seen.sum, counts), (true, 101.0, [1, 1]));
        });
    }

    #[test]
    fn two_that_share_a_cell_lose_nothing() {
        loom::model(|| {
            let tally = Arc::new(Tally::new(2));
            let other = {
                let tally = Arc::clone(&tally);
                thread::spawn(move || tally.record(1, 100.0))
            };
            tally.record(0, 1.0);
            other.join().expect("no panic");
            assert_eq!(tally.read(), (vec![1, 1], 101.0));
        });
    }
}
