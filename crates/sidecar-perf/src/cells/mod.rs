//! What has been recorded, since the start.
//!
//! Each thread records in a [cell] of its own, which it alone writes, and so without an atomic read-modify-write.
//! A thread without a cell shares one with others. Nothing is ever taken out, so a window is the difference of two
//! readings, and no reading can lose a count that is made meanwhile.

mod cell;
mod leases;
#[cfg(all(test, sidecar_loom))]
mod models;
mod pool;

pub(crate) use cell::{Change, Ended, Extremes, Polled, Totals};
pub(crate) use leases::apply;
pub(crate) use pool::{Allowance, CELL_BYTES, Pool};
