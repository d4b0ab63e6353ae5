//! Measured operations: their settings, their memory, their series, their objectives.

use crate::config::SidecarConfig;
use crate::sidecar::Pieces;
use crate::wiring::memory;
use crate::wiring::ticker::Tick;
use sidecar_core::SettingsError;
use sidecar_health::CheckOutcome;
use sidecar_metrics::{SourceOutput, Unit};
use sidecar_perf::{ObjectiveReport, OperationObjective, PerfMonitor, PerfSettings};
use sidecar_profiler::Profiler;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Upper bounds of the durations of operations, in seconds: 1, 2.5 and 5 of each power of ten from 100 us to 10 s.
static BOUNDS: LazyLock<Arc<[f64]>> = LazyLock::new(|| {
    [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0].into()
});

/// As configured.
pub(crate) fn settings(config: &SidecarConfig, settings: &mut PerfSettings) {
    let section = &config.observability.performance;
    (settings.enabled, settings.sample_rate) = (section.enabled, section.sample_rate);
    settings.percentiles.clone_from(&section.percentiles);
    settings.max_bytes = memory::operations_bytes(config.runtime.sidecar.resources.max_memory_mb);
}

/// Has a monitor go by the configuration, unless it is that of the process: which sidecar decides about it is for
/// [`attributes`](crate::wiring::attributes) to say.
pub(crate) fn configure(monitor: &PerfMonitor, config: &SidecarConfig) -> Result<(), SettingsError> {
    if monitor.is_global() {
        return Ok(());
    }
    monitor.update(|current| settings(config, current))
}

/// Ends slices when they are over, by the monitor's own clock, which may be another than the sidecar's. When the tick is
/// dropped, after its last round or because the sidecar could not start, the monitor knows that nobody ticks it.
pub(crate) fn tick(monitor: &PerfMonitor) -> Tick {
    struct Ticked(PerfMonitor);

    impl Drop for Ticked {
        fn drop(&mut self) {
            self.0.end_ticks();
        }
    }

    let ticked = Ticked(monitor.clone());
    Box::new(move |now| {
        // The whole, and not only its field: it is what is dropped with this closure.
        let Ticked(monitor) = &ticked;
        let its_now = monitor.clock().now();
        now.saturating_add(monitor.tick(its_now).saturating_sub(its_now))
    })
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

/// An error budget of 30 days burns so fast that 2 % of it are gone within an hour: worth waking somebody for, says
/// the SRE Workbook, chapter 5.
const FAST_BURN: f64 = 14.4;
/// Fewer operations than this say nothing.
const ENOUGH: u64 = 10;

/// The configured objectives. Those that the program gives the monitor stand there.
#[derive(Default)]
pub(crate) struct Objectives(Mutex<Vec<OperationObjective>>);

impl Objectives {
    pub(crate) fn configure(&self, monitor: &PerfMonitor, config: &SidecarConfig) {
        let objectives = config.runtime.sidecar.objectives.iter();
        let made = objectives.map(|each| monitor.operation(&each.operation).objective(each.objective()));
        // Validating the configuration has refused what is out of range.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = made.flatten().collect();
    }

    /// How all of them fare, the program's own first.
    pub(crate) fn reports(&self, monitor: &PerfMonitor) -> Vec<ObjectiveReport> {
        let configured = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut reports = monitor.objectives();
        reports.extend(configured.iter().map(OperationObjective::report));
        reports
    }
}

/// How fast each error budget burns.
pub(crate) fn burning(out: &mut SourceOutput, pieces: &Pieces) {
    let reports = pieces.objectives.reports(&pieces.perf);
    let mut family = out.gauge(
        "sidecar_objective_burn_rate",
        "How fast an operation's error budget is used up; at 1 it lasts exactly as long as the span.",
    );
    let mut seen = Vec::with_capacity(reports.len());
    for report in &reports {
        let (operation, objective) = (&report.operation, report.objective.to_string());
        // The same promise may be made in code and in the configuration.
        if seen.contains(&(operation, objective.clone())) {
            continue;
        }
        for (span, budget) in [("window", report.window), ("retention", report.retention)] {
            if let Some(rate) = budget.burn_rate() {
                let tags = [("operation", &**operation), ("objective", &*objective), ("span", span)];
                family.sample(&tags, rate);
            }
        }
        seen.push((operation, objective));
    }
}

/// Degraded while a budget burns fast, over the window and over the retention.
pub(crate) fn verdict(pieces: &Pieces) -> CheckOutcome {
    let burns = |report: &ObjectiveReport| {
        // Where the target allows so much that nothing can burn that fast: half of what can be.
        let fast = FAST_BURN.min(0.5 / report.retention.allowed);
        report.retention.total >= ENOUGH && report.burns_faster_than(fast)
    };
    match pieces.objectives.reports(&pieces.perf).into_iter().find(burns) {
        Some(found) => CheckOutcome::degraded(format!(
            "{} does not keep its objective: {}",
            found.operation, found.objective
        )),
        None => CheckOutcome::healthy(),
    }
}
