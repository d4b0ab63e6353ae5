//! A monitor in virtual time.

use sidecar_harness::alloc::Counting;
use sidecar_perf::{Clock, OperationMetrics, PerfMonitor, PerfMonitorBuilder};
use std::sync::Arc;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

pub(crate) type Hand = Arc<sidecar_core::clock::Mock>;

/// A monitor and the hand that moves its clock, which begins at 1 000 s.
pub(crate) fn monitor(
    settings: impl FnOnce(PerfMonitorBuilder) -> PerfMonitorBuilder,
) -> (PerfMonitor, Hand) {
    let (clock, hand) = Clock::mock();
    hand.increment(Duration::from_secs(1_000));
    let monitor = settings(PerfMonitor::builder()).clock(clock).build().expect("the settings are in range");
    (monitor, hand)
}

pub(crate) fn metrics(monitor: &PerfMonitor, name: &str) -> OperationMetrics {
    monitor.operation_metrics(name).expect("the operation exists")
}

/// Successes, failures, cancelled, panicked, in flight.
pub(crate) fn tally(monitor: &PerfMonitor, name: &str) -> [u64; 5] {
    let found = metrics(monitor, name);
    [found.successes, found.failures, found.cancelled, found.panicked, found.in_flight]
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
