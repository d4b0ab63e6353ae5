//! Targets of operations: `runtime.sidecar.objectives`.

use serde::{Deserialize, Serialize};
use sidecar_config::Report;
use sidecar_perf::{MAX_OBJECTIVES, Objective};
use std::time::Duration;

const OBJECTIVES: &str = "runtime.sidecar.objectives";

/// What is promised of an operation: an item of `runtime.sidecar.objectives`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ObjectiveConfig {
    /// The operation, by its name: 1 to 256 bytes.
    pub operation: String,
    /// The share of operations of which it is promised, above 0.0 and below 1.0. Defaults to 0.99.
    pub target: f64,
    /// They take at most this long, from 1 us to a day. Defaults to not set: they succeed, however long they take.
    #[serde(with = "sidecar_config::seconds::option")]
    pub latency: Option<Duration>,
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self { operation: String::new(), target: 0.99, latency: None }
    }
}

impl ObjectiveConfig {
    pub(crate) fn objective(&self) -> Objective {
        match self.latency {
            Some(limit) => Objective::latency(self.target, limit),
            None => Objective::success_rate(self.target),
        }
    }
}

/// Reports what no rule on a single key can express.
pub(super) fn validate(objectives: &[ObjectiveConfig], report: &mut Report) {
    if objectives.len() > MAX_OBJECTIVES {
        let (count, most) =
            (format!("of length {}", objectives.len()), format!("of length {MAX_OBJECTIVES} at most"));
        report.refuse(OBJECTIVES, count, most);
    }
    for (place, objective) in objectives.iter().enumerate() {
        let bytes = objective.operation.len();
        if bytes == 0 {
            let key = format!("{OBJECTIVES}.{place}");
            report.refuse(&key, "without operation".to_owned(), "an objective with operation".to_owned());
        } else if bytes > sidecar_perf::MAX_NAME_BYTES {
            let key = format!("{OBJECTIVES}.{place}.operation");
            report.refuse(&key, format!("of {bytes} bytes"), "of 1 to 256 bytes".to_owned());
        }
        if objective.target == 0.0 || objective.target == 1.0 {
            let key = format!("{OBJECTIVES}.{place}.target");
            report.refuse(&key, objective.target.to_string(), "a number above 0 and below 1".to_owned());
        }
    }
}
