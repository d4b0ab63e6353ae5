//! Measured operations: their settings, their memory, their series.

use crate::config::SidecarConfig;
use sidecar_metrics::{SourceOutput, Unit};
use sidecar_perf::{MIN_MAX_BYTES, PerfMonitor, PerfSettings};
use sidecar_profiler::{BYTES_PER_MB, Profiler};
use std::sync::{Arc, LazyLock};

/// The operations' share of `max_memory_mb`.
const SHARE: f64 = 0.2;

/// Upper bounds of the durations of operations, in seconds: 1, 2.5 and 5 of each power of ten from 100 us to 10 s.
static BOUNDS: LazyLock<Arc<[f64]>> = LazyLock::new(|| {
    [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0].into()
});

/// As configured.
pub(crate) fn settings(config: &SidecarConfig, settings: &mut PerfSettings) {
    let section = &config.observability.performance;
    (settings.enabled, settings.sample_rate) = (section.enabled, section.sample_rate);
    settings.percentiles.clone_from(&section.percentiles);
    let share = config.runtime.sidecar.resources.max_memory_mb * BYTES_PER_MB as f64 * SHARE;
    settings.max_bytes = (share as usize).max(MIN_MAX_BYTES);
}

/// Their memory is the sidecar's own.
pub(crate) fn account(monitor: &PerfMonitor, profiler: &Profiler) {
    let accounted = monitor.clone();
    let bytes = move || accounted.bytes() as u64;
    profiler.account("operations", bytes).expect("a new profiler has room for its third account");
}

/// Every operation, since its start.
pub(crate) fn series(out: &mut SourceOutput, monitor: &PerfMonitor) {
    let operations = monitor.exposition(&BOUNDS);
    let mut family = out.counter("sidecar_operation_total", "Measured operations, by how they ended.");
    for operation in &operations {
        for (completion, count) in &operation.completions {
            family.sample(&[("operation", &operation.name), ("result", completion.as_str())], *count);
        }
    }
    let mut family = out.gauge("sidecar_operations_in_flight", "Operations that began and have not ended.");
    for operation in &operations {
        family.sample(&[("operation", &operation.name)], operation.in_flight);
    }
    let mut family = out.histogram(
        "sidecar_operation_duration_seconds",
        "Durations of measured operations; of those sampled, if they are.",
    );
    let family = family.unit(Unit::Seconds);
    for operation in operations {
        family.sample(&[("operation", &operation.name)], operation.seconds);
    }
}
