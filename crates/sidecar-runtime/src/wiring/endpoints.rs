//! The endpoints: each reads one piece's snapshot.

use crate::config::SidecarConfig;
use crate::sidecar::SidecarHandle;
use crate::wiring::overview::Overview;
use serde::Serialize;
use sidecar_breaker::BreakerSnapshot;
use sidecar_config::{ConfigErrors, Origin, Reload, Setting};
use sidecar_http::{Answer, BreakerCommand, Endpoints, EndpointsBuilder, Exposition, Reader};
use sidecar_metrics::Query;
use sidecar_perf::{ObjectiveReport, OperationMetrics};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Serialize)]
struct Probe {
    status: &'static str,
    lifecycle: &'static str,
}

/// The settings in force, as their file would have them, and how they came about.
#[derive(Serialize)]
struct Effective {
    #[serde(flatten)]
    settings: SidecarConfig,
    generation: u64,
    /// Key, value and origin of what is not a default.
    given: BTreeMap<String, Given>,
    /// Why the last reload was refused.
    refused: Option<Vec<String>>,
    /// Critical components that nobody has registered.
    unregistered_critical_components: Vec<String>,
}

#[derive(Serialize)]
struct Given {
    value: String,
    origin: String,
}

impl Effective {
    fn of(sidecar: &SidecarHandle) -> Self {
        let live = sidecar.live_config();
        let current = live.current();
        let given = current.provenance().iter().filter(|setting| *setting.origin() != Origin::Default);
        let row = |setting: &Setting| {
            let (value, origin) = (setting.value_text().to_owned(), setting.origin().to_string());
            (setting.key().to_owned(), Given { value, origin })
        };
        let lines = |errors: Arc<ConfigErrors>| errors.iter().map(ToString::to_string).collect();
        Self {
            settings: SidecarConfig::clone(current.settings()),
            generation: current.number(),
            given: given.map(row).collect(),
            refused: live.status().error.map(lines),
            unregistered_critical_components: sidecar.health().unregistered_critical_components(),
        }
    }
}

/// What a reload did.
#[derive(Serialize)]
struct Reloaded {
    result: &'static str,
    generation: u64,
}

impl Reloaded {
    fn of(outcome: Reload, sidecar: &SidecarHandle) -> Self {
        let result = match outcome {
            Reload::Changed => "changed",
            Reload::Unchanged => "unchanged",
            _ => "overtaken",
        };
        Self { result, generation: sidecar.live_config().generation() }
    }
}

/// A builder with every route that the runtime can answer.
pub(crate) fn routes(sidecar: &SidecarHandle) -> EndpointsBuilder {
    let [
        health,
        live,
        ready,
        startup,
        metrics,
        history,
        breakers,
        commands,
        performance,
        config,
        reload,
        events,
        overview,
    ] = std::array::from_fn(|_| sidecar.clone());
    Endpoints::builder()
        .health(move |reader| {
            let report = health.health().report();
            let report = if reader == Reader::Trusted { report } else { report.redacted() };
            Answer::json(report.status().is_up(), &report)
        })
        .live(move || probe(&live, live.health().is_live(), ["live", "not_live"]))
        .ready(move || probe(&ready, ready.health().is_ready(), ["ready", "not_ready"]))
        .startup(move || probe(&startup, startup.health().is_started(), ["started", "starting"]))
        .metrics(move |format| match format {
            Exposition::OpenMetrics => metrics.metrics().export_openmetrics(),
            _ => metrics.metrics().export_prometheus(),
        })
        .metrics_history(move |parameters| {
            Query::from_pairs(parameters).and_then(|query| history.metrics().query(query))
        })
        .circuit_breakers(move || by_name(&breakers, |_| true))
        .breaker_commands(move |command| carry_out(&commands, command))
        .performance(move || operations(&performance))
        .config(move || Effective::of(&config))
        .config_reload(move || reload.reload_config().map(|outcome| Reloaded::of(outcome, &reload)))
        .events_stats(move || events.stats())
        .status(move || Overview::of(&overview))
}

/// The document's shape: breaker names at the top level, and nothing else.
fn by_name(
    sidecar: &SidecarHandle,
    wanted: impl Fn(&BreakerSnapshot) -> bool,
) -> BTreeMap<String, BreakerSnapshot> {
    let snapshots = sidecar.breakers().snapshots().into_iter().filter(wanted);
    snapshots.map(|breaker| (breaker.name.to_string(), breaker)).collect()
}

/// An operation and what is promised of it.
#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    metrics: OperationMetrics,
    objectives: Vec<ObjectiveReport>,
}

/// Operations by name.
fn operations(sidecar: &SidecarHandle) -> BTreeMap<String, Measured> {
    let mut promised = sidecar.shared.objectives.reports(sidecar.perf());
    let measured = |metrics: OperationMetrics| {
        let objectives = promised.extract_if(.., |report| report.operation == metrics.name).collect();
        (metrics.name.to_string(), Measured { metrics, objectives })
    };
    sidecar.perf().snapshot().into_iter().map(measured).collect()
}

/// Says how the breakers that were commanded are now, as `GET /circuit-breakers` would; `None` if there is none.
fn carry_out(
    sidecar: &SidecarHandle,
    command: BreakerCommand<'_>,
) -> Option<BTreeMap<String, BreakerSnapshot>> {
    let registry = sidecar.breakers();
    let (found, name) = match command {
        BreakerCommand::Trip(name) => (registry.trip(name), name),
        BreakerCommand::Reset(name) => (registry.reset(name), name),
        BreakerCommand::ResetAll => {
            registry.reset_all();
            return Some(by_name(sidecar, |_| true));
        }
        _ => return None,
    };
    found.then(|| by_name(sidecar, |breaker| *breaker.name == *name))
}

fn probe(sidecar: &SidecarHandle, ok: bool, words: [&'static str; 2]) -> Answer {
    let status = words[usize::from(!ok)];
    Answer::json(ok, &Probe { status, lifecycle: sidecar.health().lifecycle().as_str() })
}
