//! The cells of one breaker: who counts where.

use super::{Counts, Outcome};
use sidecar_core::sync::{AtomicU64, Mutex, Ordering, lock_soon};
use std::sync::{Arc, PoisonError};

/// Most cells of one breaker. Threads beyond that many at a time share one.
pub(crate) const MAX_CELLS: usize = 64;

/// One counter per outcome.
///
/// Aligned to two cache lines (the unit that adjacent-line prefetch moves on x86-64), so that two threads'
/// cells do not slow each other down.
///
/// Orderings are relaxed: a count is read for itself and orders nothing. What one lessee wrote is handed to
/// the next by the pool's lock.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Cell {
    successes: AtomicU64,
    failures: AtomicU64,
    ignored: AtomicU64,
    rejected: AtomicU64,
    late: AtomicU64,
}

impl Cell {
    #[inline]
    fn counter(&self, outcome: Outcome) -> &AtomicU64 {
        match outcome {
            Outcome::Success => &self.successes,
            Outcome::Failure => &self.failures,
            Outcome::Ignored => &self.ignored,
            Outcome::Rejected => &self.rejected,
            Outcome::Late => &self.late,
        }
    }

    /// Only for the one thread that has leased the cell.
    #[inline]
    pub(crate) fn count_alone(&self, outcome: Outcome) {
        let counter = self.counter(outcome);
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn count_shared(&self, outcome: Outcome) {
        self.counter(outcome).fetch_add(1, Ordering::Relaxed);
    }

    fn add_to(&self, counts: &mut Counts) {
        counts.successes += self.successes.load(Ordering::Relaxed);
        counts.failures += self.failures.load(Ordering::Relaxed);
        counts.ignored += self.ignored.load(Ordering::Relaxed);
        counts.rejected += self.rejected.load(Ordering::Relaxed);
        counts.late += self.late.load(Ordering::Relaxed);
    }
}

/// All cells of one breaker.
///
/// A cell that is given back keeps its counts, and the next lessee goes on from them: a sum over all cells
/// never misses or repeats one.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    shared: Cell,
    cells: Mutex<Cells>,
}

/// INVARIANT: `free` holds no cell twice and none that is leased.
#[derive(Debug, Default)]
struct Cells {
    all: Vec<Arc<Cell>>,
    free: Vec<Arc<Cell>>,
}

impl Pool {
    /// A cell for the calling thread alone, until it is given back.
    ///
    /// `None` when all are taken, and while another thread is at it: nobody waits here, and in a forked
    /// child that other thread may not exist.
    pub(crate) fn lease(&self) -> Option<Arc<Cell>> {
        let mut cells = self.cells.try_lock().ok()?;
        if let Some(cell) = cells.free.pop() {
            return Some(cell);
        }
        if cells.all.len() >= MAX_CELLS {
            return None;
        }
        let cell = Arc::new(Cell::default());
        cells.all.push(Arc::clone(&cell));
        Some(cell)
    }

    /// Where the lock is never free, as in a forked child whose parent's thread had it, the cell is not leased again:
    /// its counts stay.
    pub(crate) fn give_back(&self, cell: Arc<Cell>) {
        if let Some(mut cells) = lock_soon(&self.cells) {
            cells.free.push(cell);
        }
    }

    /// For threads without a cell.
    pub(crate) fn count(&self, outcome: Outcome) {
        self.shared.count_shared(outcome);
    }

    pub(crate) fn read(&self) -> Counts {
        let mut counts = Counts::default();
        self.shared.add_to(&mut counts);
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.all.iter().for_each(|cell| cell.add_to(&mut counts));
        counts
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_cells_than_the_limit_and_one_given_back_is_leased_again() {
        let pool = Pool::default();
        let mut leased: Vec<_> = (0..MAX_CELLS).map(|_| pool.lease().expect("room")).collect();
        assert!(pool.lease().is_none());
        let last = leased.pop().expect("there are some");
        last.count_alone(Outcome::Late);
        pool.give_back(Arc::clone(&last));
        let again = pool.lease().expect("one is free");
        assert!(Arc::ptr_eq(&again, &last));
        again.count_alone(Outcome::Late);
        pool.count(Outcome::Late);
        assert_eq!(pool.read(), Counts { late: 3, ..Counts::default() });
    }

    #[test]
    fn nobody_waits_for_a_cell() {
        let pool = Pool::default();
        let _held = pool.cells.lock().expect("nobody panics");
        assert!(pool.lease().is_none());
    }

    #[test]
    fn a_cell_that_cannot_be_given_back_is_not_waited_for_and_keeps_its_counts() {
        let pool = Pool::default();
        let cell = pool.lease().expect("room");
        cell.count_alone(Outcome::Late);
        // As in a forked child: who holds it is not there to let go.
        let held = pool.cells.lock().expect("nobody panics");
        pool.give_back(cell);
        drop(held);
        assert_eq!(pool.read(), Counts { late: 1, ..Counts::default() });
        assert!(pool.cells.lock().expect("nobody panics").free.is_empty());
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::thread;

    /// What a thread does from its first count to its end.
    fn live(pool: &Pool) {
        match pool.lease() {
            Some(cell) => {
                cell.count_alone(Outcome::Success);
                cell.count_alone(Outcome::Success);
                pool.give_back(cell);
            }
            None => [Outcome::Success, Outcome::Success].into_iter().for_each(|each| pool.count(each)),
        }
    }

    #[test]
    fn no_count_is_lost_while_threads_end_and_begin() {
        loom::model(|| {
            let pool = Arc::new(Pool::default());
            let other = {
                let pool = Arc::clone(&pool);
                thread::spawn(move || live(&pool))
            };
            live(&pool);
            let seen = pool.read().successes;
            assert!((2..=4).contains(&seen), "{seen}");
            live(&pool);
            other.join().expect("no panic");
            assert_eq!(pool.read().successes, 6);
        });
    }
}
