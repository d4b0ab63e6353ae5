//! Counts over the life of a breaker. They only grow.
//!
//! Each thread counts in a [cell](cells) of its own, which it alone writes, and so without an atomic
//! read-modify-write. A thread without a cell shares one with others. Reading sums all of them.

mod cells;
mod leases;

use cells::Pool;
use std::sync::Arc;

/// What a call or an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    Ignored,
    Rejected,
    Late,
}

/// How often each outcome has occurred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) ignored: u64,
    pub(crate) rejected: u64,
    pub(crate) late: u64,
}

/// The totals of one breaker.
#[derive(Debug)]
pub(crate) struct Totals {
    /// No other breaker of the process ever has it.
    id: u64,
    pool: Arc<Pool>,
}

impl Totals {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, pool: Arc::new(Pool::default()) }
    }

    #[inline]
    pub(crate) fn count(&self, outcome: Outcome) {
        leases::count(self.id, &self.pool, outcome);
    }

    /// Cells one by one; each count is at least as high as at any earlier reading.
    pub(crate) fn read(&self) -> Counts {
        self.pool.read()
    }
}
