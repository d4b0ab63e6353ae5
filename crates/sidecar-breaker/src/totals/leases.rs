//! The cells that the calling thread has leased, by breaker.

#![cfg_attr(sidecar_loom, expect(dead_code, reason = "loom's threads lease nothing"))]

use super::Outcome;
use super::cells::{Cell, Pool};
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// Breakers for which one thread may have a cell at a time. The ids of breakers follow each other, so the
/// first this many of a process never meet in one place.
const PLACES: usize = 64;

thread_local! {
    static LEASES: RefCell<[Option<Lease>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

/// Given back when the thread ends, or when its place goes to a breaker that still exists.
struct Lease {
    id: u64,
    cell: Arc<Cell>,
    pool: Weak<Pool>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.give_back(Arc::clone(&self.cell));
        }
    }
}

/// Counts in the thread's cell, or in the shared one where it has none: while the thread ends, when its
/// place belongs to another living breaker, or when all cells of this one are taken.
#[cfg(not(sidecar_loom))]
#[inline]
pub(super) fn count(id: u64, pool: &Arc<Pool>, outcome: Outcome) {
    let counted = LEASES.try_with(|leases| {
        let Ok(leases) = leases.try_borrow() else { return false };
        match &leases[place(id)] {
            Some(lease) if lease.id == id => {
                lease.cell.count_alone(outcome);
                true
            }
            _ => false,
        }
    });
    if counted != Ok(true) {
        count_without_a_cell(id, pool, outcome);
    }
}

/// Loom's threads are one thread of the system, which cannot lease for each of them.
#[cfg(sidecar_loom)]
pub(super) fn count(_: u64, pool: &Arc<Pool>, outcome: Outcome) {
    pool.count(outcome);
}

#[cfg(not(sidecar_loom))]
fn place(id: u64) -> usize {
    // The remainder is below `PLACES`.
    (id % PLACES as u64) as usize
}

#[cfg(not(sidecar_loom))]
#[cold]
fn count_without_a_cell(id: u64, pool: &Arc<Pool>, outcome: Outcome) {
    let leased = LEASES.try_with(|leases| {
        let Ok(mut leases) = leases.try_borrow_mut() else { return false };
        let place = &mut leases[place(id)];
        if place.as_ref().is_some_and(|lease| lease.pool.strong_count() > 0) {
            return false;
        }
        let Some(cell) = pool.lease() else { return false };
        cell.count_alone(outcome);
        *place = Some(Lease { id, cell, pool: Arc::downgrade(pool) });
        true
    });
    if leased != Ok(true) {
        pool.count(outcome);
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::totals::Counts;
    use std::thread;

    /// Ids that no breaker of these tests has.
    const FIRST: u64 = 1 << 40;

    fn successes(pool: &Pool) -> u64 {
        pool.read().successes
    }

    fn in_a_thread(work: impl FnOnce() + Send) {
        thread::scope(|scope| scope.spawn(work).join().expect("no panic"));
    }

    #[test]
    fn counts_outlive_the_threads_that_made_them_and_cells_are_used_again() {
        let pool = Arc::new(Pool::default());
        for _ in 0..1_000 {
            in_a_thread(|| (0..3).for_each(|_| count(FIRST, &pool, Outcome::Success)));
        }
        assert_eq!(successes(&pool), 3_000);
        let free = pool.lease().expect("each thread gave it back");
        assert!(!Arc::ptr_eq(&free, &pool.lease().expect("a second one is made")));
    }

    #[test]
    fn two_breakers_of_one_place_are_both_counted() {
        let (one, other) = (Arc::new(Pool::default()), Arc::new(Pool::default()));
        in_a_thread(|| {
            for _ in 0..5 {
                count(FIRST, &one, Outcome::Success);
                count(FIRST + PLACES as u64, &other, Outcome::Success);
            }
        });
        assert_eq!((successes(&one), successes(&other)), (5, 5));
    }

    #[test]
    fn the_place_of_a_breaker_that_is_gone_is_used_again() {
        let next = Arc::new(Pool::default());
        in_a_thread(|| {
            count(FIRST, &Arc::new(Pool::default()), Outcome::Success);
            count(FIRST + PLACES as u64, &next, Outcome::Late);
            assert_eq!(
                LEASES.with_borrow(|leases| leases[place(FIRST)].as_ref().map(|lease| lease.id)),
                Some(FIRST + PLACES as u64)
            );
        });
        assert_eq!(next.read(), Counts { late: 1, ..Counts::default() });
    }

    #[test]
    fn a_thread_that_is_ending_is_counted_too() {
        struct CountsLast(Arc<Pool>);
        impl Drop for CountsLast {
            fn drop(&mut self) {
                count(FIRST, &self.0, Outcome::Success);
            }
        }
        thread_local! {
            static LAST: RefCell<Option<CountsLast>> = const { RefCell::new(None) };
        }
        let pool = Arc::new(Pool::default());
        in_a_thread(|| {
            // The values of a thread are destroyed in the reverse order of their first use.
            LAST.set(Some(CountsLast(Arc::clone(&pool))));
            count(FIRST, &pool, Outcome::Success);
        });
        assert_eq!(successes(&pool), 2);
    }
}
