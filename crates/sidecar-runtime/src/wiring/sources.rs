//! Every piece's own series, pulled when somebody scrapes: nothing on a hot path publishes anything.

use crate::sidecar::Pieces;
use crate::wiring::breakers::attribute_errors;
use crate::wiring::{governor, operations};
use sidecar_breaker::{BreakerRegistry, State};
use sidecar_health::{Health, Status};
use sidecar_metrics::{SourceOutput, Unit};
use sidecar_observer::Observer;
use sidecar_profiler::Profiler;
use std::sync::Arc;

const SECONDS_PER_MILLISECOND: f64 = 1e-3;

/// Registers the series of all pieces. The collector belongs to the pieces, so it only borrows them back.
pub(crate) fn register(pieces: &Arc<Pieces>) {
    let source = |read: fn(&mut SourceOutput, &Pieces)| {
        let pieces = Arc::downgrade(pieces);
        move |out: &mut SourceOutput| {
            if let Some(pieces) = pieces.upgrade() {
                read(out, &pieces);
            }
        }
    };
    pieces
        .metrics
        .register_source(source(|out, pieces| events(out, &pieces.observer, pieces.metrics.errors())));
    pieces.metrics.register_source(source(|out, pieces| process(out, &pieces.profiler)));
    let budget = |out: &mut SourceOutput, pieces: &Pieces| {
        governor::series(out, &pieces.shedding, &pieces.profiler.is_over_budget());
    };
    pieces.metrics.register_source(source(budget));
    pieces.metrics.register_source(source(|out, pieces| circuits(out, &pieces.breakers)));
    pieces.metrics.register_source(source(|out, pieces| components(out, &pieces.health)));
    pieces.metrics.register_source(source(|out, pieces| operations::series(out, &pieces.perf)));
    pieces.metrics.register_source(source(operations::burning));
}

fn events(out: &mut SourceOutput, observer: &Observer, metric_errors: u64) {
    let stats = observer.stats();
    let mut family = out.counter("sidecar_events_total", "Events received, whatever became of them.");
    // The overflow type is always there, so that the family is never empty.
    for (_, name) in observer.names().all() {
        let received = stats.by_type.get(&name).map_or(0, |row| row.received);
        family.sample(&[("event_type", &name)], received);
    }
    let mut family = out.counter("sidecar_events_dropped_total", "Events dropped; sampled-out ones are not.");
    for (reason, count) in &stats.dropped {
        family.sample(&[("reason", reason)], *count);
    }
    out.counter("sidecar_events_sampled_out_total", "Events left out by their rates: by design, no losses.")
        .sample(&[], stats.sampled_out);
    out.counter(
        "sidecar_errors_total",
        "Troubles contained: panics in user code, misused metrics or attributes.",
    )
    .sample(&[], stats.errors + metric_errors + attribute_errors());
    out.gauge("sidecar_queue_size", "Events waiting or being handled.").sample(&[], stats.queue_size as u64);
    let seconds = stats.latency_ms.scaled(SECONDS_PER_MILLISECOND);
    out.histogram(
        "sidecar_processing_latency_ms",
        "Time from observe to the last handler's return, in milliseconds.",
    )
    .unit(Unit::Milliseconds)
    .sample(&[], stats.latency_ms);
    out.histogram("sidecar_processing_latency_seconds", "Time from observe to the last handler's return.")
        .unit(Unit::Seconds)
        .sample(&[], seconds);
}

fn process(out: &mut SourceOutput, profiler: &Profiler) {
    let now = profiler.snapshot();
    out.gauge("sidecar_cpu_usage", "CPU of the process, in percent of one core.")
        .unit(Unit::Percent)
        .sample(&[], now.cpu_percent);
    out.gauge("sidecar_memory_usage_mb", "Resident memory of the process, in MiB.")
        .unit(Unit::Mebibytes)
        .sample(&[], now.memory_mb);
    let mut family = out.gauge("sidecar_thread_count", "Threads of the process.");
    if let Some(threads) = now.thread_count {
        family.sample(&[], threads);
    }
    out.counter("process_cpu_seconds_total", "CPU time of the process.")
        .unit(Unit::Seconds)
        .sample(&[], now.cpu_seconds);
    out.gauge("process_resident_memory_bytes", "Resident memory of the process.")
        .unit(Unit::Bytes)
        .sample(&[], now.memory_bytes);
    let mut family = out
        .gauge("sidecar_cgroup_cpu_limit_cores", "CPU that the process's control group may use, in cores.");
    if let Some(cores) = now.cgroup_cpu_limit_cores {
        family.sample(&[], cores);
    }
    let mut family =
        out.gauge("sidecar_cgroup_memory_limit_bytes", "Memory that the process's control group may use.");
    let family = family.unit(Unit::Bytes);
    if let Some(bytes) = now.cgroup_memory_limit_bytes {
        family.sample(&[], bytes);
    }
    out.counter("sidecar_cpu_seconds_total", "CPU time of the sidecar's own threads.")
        .unit(Unit::Seconds)
        .sample(&[], now.own.cpu_seconds);
    out.gauge("sidecar_memory_bytes", "Memory that the sidecar accounts for as its own.")
        .unit(Unit::Bytes)
        .sample(&[], now.own.memory_bytes);
}

fn circuits(out: &mut SourceOutput, registry: &BreakerRegistry) {
    let snapshots = registry.snapshots();
    let mut family =
        out.gauge("sidecar_breaker_state", "1 for the state the breaker is in, 0 for the others.");
    for breaker in &snapshots {
        for &state in State::ALL {
            let is = u64::from(breaker.state == state);
            family.sample(&[("breaker", &breaker.name), ("state", state.as_str())], is);
        }
    }
    let mut family = out.counter("sidecar_breaker_calls_total", "Calls, by what became of them.");
    for breaker in &snapshots {
        for (result, count) in [
            ("success", breaker.successes),
            ("failure", breaker.failures),
            ("ignored", breaker.ignored),
            ("rejected", breaker.rejected),
            ("late", breaker.late),
        ] {
            family.sample(&[("breaker", &breaker.name), ("result", result)], count);
        }
    }
}

fn components(out: &mut SourceOutput, health: &Health) {
    let report = health.report();
    let mut family =
        out.gauge("sidecar_health_status", "1 for the status the component has, 0 for the others.");
    for component in report.components() {
        for &status in Status::ALL {
            let is = u64::from(component.status() == status);
            family.sample(&[("component", component.name()), ("status", status.as_str())], is);
        }
    }
}
