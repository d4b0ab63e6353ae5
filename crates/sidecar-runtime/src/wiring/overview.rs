//! What the status page shows that no other route says: alerts, the sidecar's own cost, sampling, the configuration's
//! age.

use crate::sidecar::SidecarHandle;
use serde::Serialize;
use sidecar_core::timestamp::rfc3339;
use sidecar_metrics::Alert;
use sidecar_profiler::{BudgetReport, Decision, Snapshot};
use sidecar_sampler::SamplerStats;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(crate) struct Overview {
    version: &'static str,
    configuration: Configuration,
    alerts: Alerts,
    budget: BudgetReport,
    /// What the governor last decided; `null` as long as it has decided nothing.
    shedding: Option<Decision>,
    process: Snapshot,
    sampling: SamplerStats,
}

#[derive(Serialize)]
struct Configuration {
    generation: u64,
    /// Whether the last reload was refused; `/config` says why.
    is_refused: bool,
}

#[derive(Serialize)]
struct Alerts {
    rules: usize,
    /// Series that have no room for an alert.
    left_out: usize,
    alerts: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    state: String,
    reason: String,
    value: Option<f64>,
    since: String,
    fired_at: Option<String>,
    resolved_at: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

impl Overview {
    pub(crate) fn of(sidecar: &SidecarHandle) -> Self {
        let (live, alerts, profiler) =
            (sidecar.live_config(), sidecar.metrics().alerts(), sidecar.profiler());
        Self {
            version: env!("CARGO_PKG_VERSION"),
            configuration: Configuration {
                generation: live.generation(),
                is_refused: live.status().error.is_some(),
            },
            alerts: Alerts {
                rules: alerts.rules,
                left_out: alerts.left_out,
                alerts: alerts.alerts.iter().map(Row::of).collect(),
            },
            budget: profiler.is_over_budget(),
            shedding: sidecar.shared.shedding.latest(),
            process: profiler.snapshot(),
            sampling: sidecar.sampler().stats(),
        }
    }
}

impl Row {
    fn of(alert: &Alert) -> Self {
        Self {
            name: alert.name().to_owned(),
            state: alert.state().to_string(),
            reason: alert.reason().to_string(),
            value: alert.value(),
            since: rfc3339(alert.since()),
            fired_at: alert.fired_at().map(rfc3339),
            resolved_at: alert.resolved_at().map(rfc3339),
            labels: owned(alert.labels()),
            annotations: owned(alert.annotations()),
        }
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
