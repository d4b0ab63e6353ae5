//! Counts over the life of a breaker. They only grow.

use crate::Verdict;
use crate::machine::Settled;
use std::sync::atomic::{AtomicU64, Ordering};

/// One counter per outcome of a call or an attempt.
///
/// Aligned to two cache lines (the unit that adjacent-line prefetch moves on x86-64), so that counting
/// does not slow down other threads' reading of the state beside it.
///
/// Orderings are relaxed: a count is read for itself and orders nothing.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Totals {
    successes: AtomicU64,
    failures: AtomicU64,
    ignored: AtomicU64,
    rejected: AtomicU64,
    late: AtomicU64,
}

impl Totals {
    pub(crate) fn settled(&self, settled: Settled) {
        let counter = match settled {
            Settled::Counted(Verdict::Success) => &self.successes,
            Settled::Counted(Verdict::Failure) => &self.failures,
            Settled::Counted(Verdict::Ignored) => &self.ignored,
            Settled::Late => &self.late,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counts {
        Counts {
            successes: self.successes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            ignored: self.ignored.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
        }
    }
}

/// The totals at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) ignored: u64,
    pub(crate) rejected: u64,
    pub(crate) late: u64,
}
