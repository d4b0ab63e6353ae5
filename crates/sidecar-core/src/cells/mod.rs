//! Words that many threads write without an atomic read-modify-write: each thread has a cell of its own.
//!
//! A cell is leased by a thread and given back when the thread ends, or when its place in the thread's table goes
//! to other cells. It keeps what was written, and the next lessee goes on from there: what is read over all cells
//! never misses or repeats anything. A thread without a cell writes the shared one, as best it can.

#![cfg_attr(sidecar_loom, expect(dead_code, reason = "loom's threads lease nothing"))]

mod leases;

use crate::sync::{AtomicU64, Mutex, lock_soon};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

/// Words of a line: a cache line of most processors.
const LINE: usize = 8;

/// Lines start where cache lines do, so that two threads' cells have none in common.
#[derive(Debug)]
#[repr(align(64))]
struct Line([AtomicU64; LINE]);

/// One cell: as many words as asked for.
///
/// Whoever leased it is its only writer, and needs neither `fetch_add` nor a lock. What one lessee wrote is handed
/// to the next by the pool's lock.
#[derive(Clone, Debug)]
pub struct Words(Arc<[Line]>);

impl Words {
    pub(crate) fn new(words: usize) -> Self {
        let line = || Line(std::array::from_fn(|_| AtomicU64::new(0)));
        Self((0..words.div_ceil(LINE)).map(|_| line()).collect())
    }

    /// One word.
    ///
    /// # Panics
    /// When the cell has no such word.
    #[inline]
    #[must_use]
    pub fn at(&self, word: usize) -> &AtomicU64 {
        &self.0[word / LINE].0[word % LINE]
    }

    /// Adds to a word. Only for the one thread that has leased the cell.
    #[inline]
    pub fn add_alone(&self, word: usize, n: u64) {
        let word = self.at(word);
        // Relaxed: a count is read for itself and orders nothing.
        word.store(word.load(Relaxed).wrapping_add(n), Relaxed);
    }
}

/// The cells of one thing that is counted, or of several that are counted side by side.
///
/// Memory: a cell is the words, in whole lines of 64 bytes, and 64 bytes more. There is one cell shared by all
/// threads, and one for each thread that came often enough at one time, up to a bound.
#[derive(Debug)]
pub struct Cells {
    /// No other cells of the process ever have it.
    id: u64,
    words: usize,
    most: usize,
    patience: u64,
    shared: Words,
    /// How often a thread came that had no cell; not exact, as it need not be.
    strangers: AtomicU64,
    pool: Mutex<Pool>,
}

/// INVARIANT: `free` holds no cell twice and none that is leased.
#[derive(Debug, Default)]
struct Pool {
    all: Vec<Words>,
    free: Vec<Words>,
}

impl Cells {
    /// Cells of `words` words each, at most `most` of them besides the shared one.
    ///
    /// A thread has a cell only from every `patience`-th call on that found none: what is written a few times
    /// costs no memory. One means at the first call.
    #[must_use]
    pub fn new(words: usize, most: usize, patience: u64) -> Arc<Self> {
        Arc::new(Self {
            id: leases::next_id(),
            words,
            most,
            patience: patience.max(1),
            shared: Words::new(words),
            strangers: AtomicU64::new(0),
            pool: Mutex::default(),
        })
    }

    /// Hands the calling thread's cell to `then`, which must not come back here. `None` where the thread has none:
    /// then the shared one is to be written.
    #[inline]
    pub fn alone<T>(self: &Arc<Self>, then: impl FnOnce(&Words) -> T) -> Option<T> {
        leases::with(self, then)
    }

    /// The cell that any thread may write at any time.
    #[inline]
    #[must_use]
    pub fn shared(&self) -> &Words {
        &self.shared
    }

    /// Hands over each cell, the shared one not included. No thread has to wait meanwhile in order to write.
    pub fn for_each(&self, then: impl FnMut(&Words)) {
        self.locked().all.iter().for_each(then);
    }

    /// A word, added up over all cells, the shared one included.
    #[must_use]
    pub fn sum(&self, word: usize) -> u64 {
        let mut sum = self.shared.at(word).load(Relaxed);
        self.for_each(|words| sum = sum.wrapping_add(words.at(word).load(Relaxed)));
        sum
    }

    /// Whether the calling thread, which has no cell, has come often enough to get one.
    fn is_wanted(&self) -> bool {
        let before = self.strangers.load(Relaxed);
        self.strangers.store(before.wrapping_add(1), Relaxed);
        before % self.patience == self.patience - 1
    }

    /// A cell for the calling thread alone, until it is given back.
    ///
    /// `None` when all are taken, and while another thread is at it: nobody waits here, and in a forked
    /// child that other thread may not exist.
    fn lease(&self) -> Option<Words> {
        let mut pool = self.pool.try_lock().ok()?;
        if let Some(words) = pool.free.pop() {
            return Some(words);
        }
        if pool.all.len() >= self.most {
            return None;
        }
        let words = Words::new(self.words);
        pool.all.push(words.clone());
        Some(words)
    }

    /// Where the lock is never free, as in a forked child whose parent's thread had it, the cell is not leased again: what
    /// was written stays.
    fn give_back(&self, words: Words) {
        if let Some(mut pool) = lock_soon(&self.pool) {
            pool.free.push(words);
        }
    }

    fn locked(&self) -> crate::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_cannot_be_given_back_is_not_waited_for_and_keeps_what_was_written() {
        let cells = Cells::new(9, 3, 1);
        let words = cells.lease().expect("room");
        words.add_alone(8, 5);
        // As in a forked child: who holds it is not there to let go.
        let held = cells.locked();
        cells.give_back(words);
        drop(held);
        assert_eq!(cells.sum(8), 5);
        assert!(cells.locked().free.is_empty());
    }

    #[test]
    fn there_are_no_more_cells_than_the_bound_and_one_given_back_is_leased_again() {
        let cells = Cells::new(9, 3, 1);
        let mut leased: Vec<_> = (0..3).map(|_| cells.lease().expect("room")).collect();
        assert!(cells.lease().is_none());
        let last = leased.pop().expect("there are some");
        last.add_alone(8, 5);
        cells.give_back(last.clone());
        let again = cells.lease().expect("one is free");
        assert!(Arc::ptr_eq(&again.0, &last.0));
        again.add_alone(8, 1);
        cells.shared().at(8).fetch_add(1, Relaxed);
        assert_eq!((cells.sum(8), cells.sum(0)), (7, 0));
    }

    #[test]
    fn nobody_waits_for_a_cell() {
        let cells = Cells::new(1, 3, 1);
        let _held = cells.pool.lock().expect("nobody panics");
        assert!(cells.lease().is_none());
    }

    #[test]
    fn cells_of_different_threads_have_no_cache_line_in_common() {
        let words = Words::new(9);
        let address = std::ptr::from_ref(words.at(0)).addr();
        assert_eq!((address % 64, size_of_val(&*words.0)), (0, 128));
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::thread;

    /// What a thread does from its first count to its end.
    fn live(cells: &Cells) {
        match cells.lease() {
            Some(words) => {
                words.add_alone(0, 1);
                words.add_alone(0, 1);
                cells.give_back(words);
            }
            None => {
                cells.shared().at(0).fetch_add(2, Relaxed);
            }
        }
    }

    #[test]
    fn no_count_is_lost_while_threads_end_and_begin() {
        loom::model(|| {
            let cells = Cells::new(1, 64, 1);
            let other = {
                let cells = Arc::clone(&cells);
                thread::spawn(move || live(&cells))
            };
            live(&cells);
            let seen = cells.sum(0);
            assert!((2..=4).contains(&seen), "{seen}");
            live(&cells);
            other.join().expect("no panic");
            assert_eq!(cells.sum(0), 6);
        });
    }
}
