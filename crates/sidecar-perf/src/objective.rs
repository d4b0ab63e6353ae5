//! Targets of operations, and how fast they use up what they may miss.

use crate::figures::Sum;
use crate::history::Span;
use crate::monitor::PerfMonitor;
use crate::operation::{Entry, Operation};
use sidecar_core::SettingsError;
use sidecar_core::clock::nanos;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Most objectives of a monitor.
pub const MAX_OBJECTIVES: usize = 256;

/// What is promised of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    target: f64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Nanoseconds.
    Latency(u64),
    SuccessRate,
}

impl Objective {
    /// The share `target` of operations takes at most `limit`: 0.99 and 250 ms are a p99 of 250 ms. The target is
    /// above 0.0 and below 1.0.
    ///
    /// Judged by the durations that were measured. One that shares its bucket with the limit counts as above it, so the
    /// limit is up to 3.2 % stricter than it says, never laxer.
    #[must_use]
    pub fn latency(target: f64, limit: Duration) -> Self {
        Self { target, kind: Kind::Latency(nanos(limit)) }
    }

    /// The share `target` of operations succeeds; cancelled ones count on neither side. The target is above 0.0 and
    /// below 1.0.
    #[must_use]
    pub fn success_rate(target: f64) -> Self {
        Self { target, kind: Kind::SuccessRate }
    }

    /// The share that is promised.
    #[must_use]
    pub fn target(&self) -> f64 {
        self.target
    }

    /// The longest an operation may take, for an objective of latency.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        match self.kind {
            Kind::Latency(limit) => Some(Duration::from_nanos(limit)),
            Kind::SuccessRate => None,
        }
    }

    fn check(&self) -> Result<(), SettingsError> {
        if self.target > 0.0 && self.target < 1.0 {
            return Ok(());
        }
        Err(SettingsError::new("target", self.target, "a number above 0.0 and below 1.0"))
    }

    fn budget(&self, sum: &Sum) -> Budget {
        let (total, missed) = match self.kind {
            Kind::Latency(limit) => (sum.samples(), sum.may_be_above(limit)),
            Kind::SuccessRate => {
                let [successes, failures, _, panicked] = sum.completions;
                (successes + failures + panicked, failures + panicked)
            }
        };
        Budget { total, missed, allowed: 1.0 - self.target }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the last digits of a product in binary.
        let percent = (self.target * 1e8).round() / 1e6;
        match self.kind {
            Kind::Latency(limit) => write!(f, "{percent} % within {:?}", Duration::from_nanos(limit)),
            Kind::SuccessRate => write!(f, "{percent} % succeed"),
        }
    }
}

/// How an objective fared over a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Budget {
    /// Operations that were judged.
    pub total: u64,
    /// Those that missed the objective.
    pub missed: u64,
    /// The share that may miss it: 1 - target.
    pub allowed: f64,
}

impl Budget {
    /// How fast the error budget is used up: 1.0 uses all of it, over the same span, 2.0 twice as much. `None` where
    /// nothing was judged.
    #[must_use]
    pub fn burn_rate(&self) -> Option<f64> {
        (self.total > 0).then(|| self.missed as f64 / self.total as f64 / self.allowed)
    }

    /// The share of the error budget that is left: 1.0 is all, below 0.0 the objective is missed. `None` where nothing
    /// was judged.
    #[must_use]
    pub fn left(&self) -> Option<f64> {
        self.burn_rate().map(|rate| 1.0 - rate)
    }
}

/// An objective of one operation, made by [`Operation::objective`] or [`PerfMonitor::objective`]. Cheap to clone.
#[derive(Clone)]
pub struct OperationObjective {
    entry: Arc<Entry>,
    objective: Objective,
}

impl OperationObjective {
    /// The operation's name.
    #[must_use]
    pub fn operation(&self) -> &Arc<str> {
        &self.entry.name
    }

    /// What is promised.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// How fast the error budget was used up over the rolling window; `None` where nothing ended.
    #[must_use]
    pub fn burn_rate(&self) -> Option<f64> {
        self.report().window.burn_rate()
    }

    /// Window and retention, judged at one moment.
    #[must_use]
    pub fn report(&self) -> ObjectiveReport {
        let now = self.entry.pulse.read_now();
        let spans = [Span::Window, Span::Retention];
        let (sums, _) = self.entry.history().read(now, &self.entry.pool, spans);
        let [window, retention] = sums.map(|sum| self.objective.budget(&sum));
        ObjectiveReport {
            operation: Arc::clone(&self.entry.name),
            objective: self.objective,
            window,
            retention,
        }
    }
}

impl fmt::Debug for OperationObjective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationObjective")
            .field("operation", &self.entry.name)
            .field("objective", &self.objective)
            .finish_non_exhaustive()
    }
}

/// How an objective fares. An alert that looks at both spans neither misses a sudden failure nor forgets a slow one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ObjectiveReport {
    /// The operation's name.
    pub operation: Arc<str>,
    /// What is promised.
    pub objective: Objective,
    /// Over the rolling window.
    pub window: Budget,
    /// Over the retention.
    pub retention: Budget,
}

impl ObjectiveReport {
    /// Whether the budget is used up faster than `rate` both over the window and over the retention: what happens
    /// still happens, and is no accident.
    #[must_use]
    pub fn burns_faster_than(&self, rate: f64) -> bool {
        [self.window, self.retention].iter().all(|budget| budget.burn_rate().is_some_and(|burn| burn > rate))
    }
}

impl Operation {
    /// Judges this operation by `objective`, for the one who asks.
    ///
    /// # Errors
    /// When the target is out of range.
    pub fn objective(&self, objective: Objective) -> Result<OperationObjective, SettingsError> {
        objective.check()?;
        Ok(OperationObjective { entry: Arc::clone(&self.entry), objective })
    }
}

impl PerfMonitor {
    /// Judges the operation of that name by `objective`, for everyone who asks for
    /// [`objectives`](Self::objectives).
    ///
    /// # Errors
    /// When the target is out of range, or there are 256 objectives already.
    pub fn objective(&self, name: &str, objective: Objective) -> Result<OperationObjective, SettingsError> {
        let made = self.operation(name).objective(objective)?;
        let mut objectives = self.inner.objectives();
        if objectives.len() >= MAX_OBJECTIVES {
            return Err(SettingsError::new("objectives", objectives.len() + 1, "at most 256"));
        }
        objectives.push(made.clone());
        Ok(made)
    }

    /// How all objectives of the monitor fare, in the order in which they were given.
    #[must_use]
    pub fn objectives(&self) -> Vec<ObjectiveReport> {
        let objectives = self.inner.objectives().clone();
        objectives.iter().map(OperationObjective::report).collect()
    }
}
