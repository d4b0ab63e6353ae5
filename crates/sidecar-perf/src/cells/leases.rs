//! The cells that the calling thread has leased, by operation.

#![cfg_attr(sidecar_loom, expect(dead_code, unused_imports, reason = "loom's threads lease nothing"))]

use super::cell::{Alone, Cell, Change};
use super::pool::Pool;
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// Operations for which one thread may have a cell at a time. The ids of operations follow each other, so the first
/// this many of a process never meet in one place.
const PLACES: usize = 64;

thread_local! {
    static LEASES: RefCell<[Option<Lease>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

/// Given back when the thread ends, or when its place goes to another operation.
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

/// Applies `change` to the thread's cell, or to the shared one where it has none: while the thread ends, when its
/// place belongs to another living operation, or when all cells are taken.
#[cfg(not(sidecar_loom))]
#[inline]
pub(crate) fn apply(pool: &Arc<Pool>, change: Change) {
    let applied = LEASES.try_with(|leases| {
        let Ok(leases) = leases.try_borrow() else { return false };
        match &leases[place(pool.id)] {
            Some(lease) if lease.id == pool.id => {
                lease.cell.apply::<Alone>(change);
                true
            }
            _ => false,
        }
    });
    if applied != Ok(true) {
        apply_without_a_cell(pool, change);
    }
}

/// Loom's threads are one thread of the system, which cannot lease for each of them.
#[cfg(sidecar_loom)]
pub(crate) fn apply(pool: &Arc<Pool>, change: Change) {
    pool.apply_shared(change);
}

#[cfg(not(sidecar_loom))]
#[inline]
fn place(id: u64) -> usize {
    // The remainder is below `PLACES`.
    (id % PLACES as u64) as usize
}

#[cfg(not(sidecar_loom))]
#[cold]
fn apply_without_a_cell(pool: &Arc<Pool>, change: Change) {
    let leased = LEASES.try_with(|leases| {
        let Ok(mut leases) = leases.try_borrow_mut() else { return false };
        let place = &mut leases[place(pool.id)];
        if place.as_ref().is_some_and(|lease| lease.pool.strong_count() > 0) {
            return false;
        }
        let Some(cell) = pool.lease() else { return false };
        cell.apply::<Alone>(change);
        *place = Some(Lease { id: pool.id, cell, pool: Arc::downgrade(pool) });
        true
    });
    if leased != Ok(true) {
        pool.apply_shared(change);
    }
}
