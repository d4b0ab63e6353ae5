//! The monitor from outside, in virtual time.

mod bounds;
mod exits;
mod futures;
#[cfg(feature = "serde")]
mod json;
mod percentiles;
mod settings;
mod threads;
mod window;

#[cfg(feature = "macros")]
mod attribute;

use sidecar_core::Clock;
use sidecar_core::clock::Mock;
use sidecar_harness::alloc::Counting;
use sidecar_perf::{Figures, PerfMonitor, PerfMonitorBuilder};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A monitor in virtual time, and the hand that moves its clock.
fn monitor(settings: impl FnOnce(PerfMonitorBuilder) -> PerfMonitorBuilder) -> (PerfMonitor, Arc<Mock>) {
    let (clock, hand) = Clock::mock();
    let monitor = settings(PerfMonitor::builder()).clock(clock).build().expect("valid settings");
    (monitor, hand)
}

/// Successes, failures, cancelled and panicked ones.
fn ends(figures: &Figures) -> [u64; 4] {
    [figures.successes, figures.failures, figures.cancelled, figures.panicked]
}
