//! The endpoints: each reads one piece's snapshot.

use crate::sidecar::SidecarHandle;
use serde::Serialize;
use sidecar_breaker::BreakerSnapshot;
use sidecar_http::{Answer, BreakerCommand, Endpoints, EndpointsBuilder, Exposition, Reader};
use sidecar_metrics::Query;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Probe {
    status: &'static str,
    lifecycle: &'static str,
}

/// A builder with every route that the runtime can answer.
pub(crate) fn routes(sidecar: &SidecarHandle) -> EndpointsBuilder {
    let [health, live, ready, startup, metrics, history, breakers, commands, config, events] =
        std::array::from_fn(|_| sidecar.clone());
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
        .config(move || config.config().clone())
        .events_stats(move || events.stats())
}

/// The document's shape: breaker names at the top level, and nothing else.
fn by_name(
    sidecar: &SidecarHandle,
    wanted: impl Fn(&BreakerSnapshot) -> bool,
) -> BTreeMap<String, BreakerSnapshot> {
    let snapshots = sidecar.breakers().snapshots().into_iter().filter(wanted);
    snapshots.map(|breaker| (breaker.name.to_string(), breaker)).collect()
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
