//! The budget, and whether the sidecar keeps within it.

use sidecar_core::SettingsError;
use std::time::Duration;

/// The CPU budget is judged over this much time before the latest reading: a single flush or a large scrape
/// is no breach, work that goes on is.
pub const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// Limits of the sidecar's own share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) max_cpu_percent: f64,
    pub(crate) max_memory_mb: f64,
}

/// Whether the sidecar's own share is within its budget. The host's use of the process never counts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BudgetReport {
    /// Whether [`cpu_percent`](Self::cpu_percent) is above the limit.
    pub cpu_over_budget: bool,
    /// Whether [`memory_mb`](Self::memory_mb) is above the limit.
    pub memory_over_budget: bool,
    /// The sidecar's own CPU use over the last [`BUDGET_WINDOW`] of readings, in percent of one core.
    pub cpu_percent: f64,
    /// The sidecar's own accounted memory at the latest reading, in MB.
    pub memory_mb: f64,
    /// The limit of CPU use, in percent of one core.
    pub max_cpu_percent: f64,
    /// The limit of memory, in MB.
    pub max_memory_mb: f64,
    /// By how much the CPU use is above its limit, in percent of one core; 0 within the budget.
    pub cpu_excess_percent: f64,
    /// By how much the memory is above its limit, in MB; 0 within the budget.
    pub memory_excess_mb: f64,
}

impl BudgetReport {
    /// Whether either limit is exceeded.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.cpu_over_budget || self.memory_over_budget
    }
}

impl Budget {
    /// Fails if a limit is not above 0.
    pub(crate) fn new(max_cpu_percent: f64, max_memory_mb: f64) -> Result<Self, SettingsError> {
        let max_cpu_percent = limit("max_cpu_percent", max_cpu_percent)?;
        let max_memory_mb = limit("max_memory_mb", max_memory_mb)?;
        Ok(Self { max_cpu_percent, max_memory_mb })
    }

    pub(crate) fn judge(self, cpu_percent: f64, memory_mb: f64) -> BudgetReport {
        BudgetReport {
            cpu_over_budget: cpu_percent > self.max_cpu_percent,
            memory_over_budget: memory_mb > self.max_memory_mb,
            cpu_percent,
            memory_mb,
            max_cpu_percent: self.max_cpu_percent,
            max_memory_mb: self.max_memory_mb,
            cpu_excess_percent: (cpu_percent - self.max_cpu_percent).max(0.0),
            memory_excess_mb: (memory_mb - self.max_memory_mb).max(0.0),
        }
    }
}

fn limit(field: &'static str, value: f64) -> Result<f64, SettingsError> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(SettingsError::new(field, value, "a finite number above 0"))
}
