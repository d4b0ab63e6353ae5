//! A share of calls that opens.

use super::Call;
use crate::Cause;

/// Which calls are bad, and from which share of them on a breaker opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    share: f64,
    slower_than: Option<u64>,
}

impl Share {
    /// Of failures, or of calls that took longer than `slower_than` nanoseconds.
    pub(super) fn new(share: f64, slower_than: Option<u64>) -> Self {
        Self { share, slower_than }
    }

    pub(super) fn slower_than(self) -> Option<u64> {
        self.slower_than
    }

    pub(super) fn is_bad(self, call: &Call) -> bool {
        self.slower_than.map_or(call.failed, |limit| call.took > limit)
    }

    pub(super) fn is_reached(self, bad: u64, calls: u64) -> bool {
        // Exact: both are far below 2^53.
        bad > 0 && bad as f64 >= self.share * calls as f64
    }

    pub(super) fn counts_failures(self) -> bool {
        self.slower_than.is_none()
    }

    pub(super) fn cause(self) -> Cause {
        if self.counts_failures() { Cause::FailureRate } else { Cause::SlowCallRate }
    }
}
