//! What observing costs the threads that do it, from a sample.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One event in so many is measured, in each lane.
pub(crate) const EVERY: u32 = 1_024;
/// An event that is said to have cost more was interrupted: the scheduler had the rest.
const MOST_NANOS: u64 = 20_000;
/// What an event costs that is not kept, in nanoseconds: measured once, for it is too little to be measured in passing
/// (`cargo xtask bench events`, `sampled-out`).
const NOT_KEPT_NANOS: u64 = 20;

/// Nanoseconds that accepted events have cost their threads, estimated. Relaxed: a sum that stands for itself.
#[derive(Debug, Default)]
pub(crate) struct Metering(AtomicU64);

impl Metering {
    /// One measured event, which stands for [`EVERY`].
    #[cold]
    pub(crate) fn add(&self, began: u64, now: u64) {
        let nanos = now.saturating_sub(began).min(MOST_NANOS);
        self.0.fetch_add(nanos.saturating_mul(u64::from(EVERY)), Relaxed);
    }

    pub(crate) fn nanos(&self, not_kept: u64) -> u64 {
        self.0.load(Relaxed).saturating_add(not_kept.saturating_mul(NOT_KEPT_NANOS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_event_stands_for_many_and_an_interruption_for_little() {
        let metering = Metering::default();
        metering.add(1_000, 1_300);
        assert_eq!(metering.nanos(0), 300 * 1_024);
        metering.add(0, 1_000_000_000);
        metering.add(10, 5);
        assert_eq!(metering.nanos(7), (300 + 20_000) * 1_024 + 140);
    }
}
