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
        // The quotient is the fraction that is nearest to the share that was seen, as the setting is that nearest to
        // the share that was meant: 7 of 100 are 0.07. A product is rounded once more, and 0.07 * 100 is above 7.
        // Both counts are below 2^26, so that no two shares are rounded to the same fraction.
        bad > 0 && bad as f64 / calls as f64 >= self.share
    }

    pub(super) fn counts_failures(self) -> bool {
        self.slower_than.is_none()
    }

    pub(super) fn cause(self) -> Cause {
        if self.counts_failures() { Cause::FailureRate } else { Cause::SlowCallRate }
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn exactly_so_many_of_so_many_calls_reach_their_share_and_one_less_does_not() {
        for calls in 1..=1_000_u64 {
            for bad in 1..=calls {
                let share = Share::new(bad as f64 / calls as f64, None);
                assert!(share.is_reached(bad, calls), "{bad} of {calls}");
                assert!(share.is_reached(bad * 937, calls * 937), "{bad} of {calls}, 937 times");
                assert!(!share.is_reached(bad - 1, calls), "one less than {bad} of {calls}");
                assert!(
                    !share.is_reached(bad * 937 - 1, calls * 937),
                    "one less than 937 times {bad} of {calls}"
                );
            }
        }
    }

    #[test]
    fn a_share_that_is_written_in_decimals_is_reached_by_exactly_so_many() {
        for (digits, calls) in [(1, 10), (2, 100), (3, 1_000), (4, 10_000)] {
            for bad in 1..=calls {
                let written = if bad == calls { "1.0".into() } else { format!("0.{bad:0digits$}") };
                let share = Share::new(written.parse().expect("a number"), None);
                assert!(share.is_reached(bad, calls) && !share.is_reached(bad - 1, calls), "{written}");
            }
        }
    }
}
