//! The endpoints: each reads one piece's snapshot.

use crate::sidecar::SidecarHandle;
use serde::Serialize;
use sidecar_http::{Answer, Endpoints, EndpointsBuilder, Exposition, Reader};
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Probe {
    status: &'static str,
    lifecycle: &'static str,
}

/// A builder with every route that the runtime can answer.
pub(crate) fn routes(sidecar: &SidecarHandle) -> EndpointsBuilder {
    let [health, live, ready, startup, metrics, breakers, events] = std::array::from_fn(|_| sidecar.clone());
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
        .circuit_breakers(move || {
            let snapshots = breakers.breakers().snapshots().into_iter();
            snapshots.map(|breaker| (breaker.name.to_string(), breaker)).collect::<BTreeMap<_, _>>()
        })
        .events_stats(move || events.stats())
}

fn probe(sidecar: &SidecarHandle, ok: bool, words: [&'static str; 2]) -> Answer {
    let status = words[usize::from(!ok)];
    Answer::json(ok, &Probe { status, lifecycle: sidecar.health().lifecycle().as_str() })
}
