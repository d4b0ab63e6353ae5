use super::Step;
use crate::reloading::DISABLED;
use sidecar_harness::PATIENCE;
use sidecar_runtime::breaker::BreakerSettings;
use sidecar_runtime::observer::{DropPolicy, ObserverSettings};
use sidecar_runtime::perf::Completion;
use sidecar_runtime::sampler::{Anomaly, Signal};
use sidecar_runtime::{SidecarHandle, observe};
use std::thread;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Breakers: `own` has a section of its own in some steps, `common` never.
pub(super) fn prepare(sidecar: &SidecarHandle) {
    for name in ["own", "common"] {
        sidecar.breakers().register(sidecar.breaker(name)).expect("a new name");
    }
}

/// Whether a type's rate is `rate`, boosts included. Under load the governor may shed: what it takes is put back.
fn is_rate(sidecar: &SidecarHandle, name: &str, rate: f64) -> bool {
    let sampler = sidecar.sampler();
    let event_type = sampler.intern(name);
    loop {
        let throttle = sampler.throttle();
        let in_force = sampler.rate(event_type);
        // Unless it was changed in between.
        if sampler.throttle() == throttle {
            return (in_force / throttle - rate).abs() < 0.001;
        }
    }
}

/// Whether many anomalies of a signal begin a boost.
fn anomaly(sidecar: &SidecarHandle, signal: &str) -> bool {
    (0..100).any(|_| sidecar.sampler().report_anomaly(signal, Anomaly::Error))
}

/// Whether it is so in the end.
fn comes(mut is_so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if is_so() {
            return true;
        }
        thread::yield_now();
    }
    false
}

/// Whether a second of the operation `x` missed this objective.
fn is_missed(sidecar: &SidecarHandle, objective: &str) -> bool {
    sidecar.perf().operation("x").record(SECOND, Completion::Failure);
    let tags = [("operation", "x"), ("objective", objective), ("span", "window")];
    sidecar.get_metrics().value("sidecar_objective_burn_rate", &tags).is_some_and(|rate| rate > 1.0)
}

fn observer(sidecar: &SidecarHandle) -> ObserverSettings {
    sidecar.observer().settings()
}

fn breaker(sidecar: &SidecarHandle, name: &str) -> BreakerSettings {
    let found = sidecar.breakers().get(name);
    found.unwrap_or_else(|| panic!("{name} was registered")).settings()
}

#[rustfmt::skip]
pub(super) const STEPS: &[Step] = &[
    ("runtime.sidecar.sampling.events", "sampling: { events: 0.25 }", |s| is_rate(s, "x", 0.25)),
    ("runtime.sidecar.sampling.traces", "sampling: { traces: 0.125 }", |s| is_rate(s, "trace_x", 0.125)),
    ("runtime.sidecar.sampling.profiling", "sampling: { profiling: 0.125 }", |s| is_rate(s, "profile_x", 0.125)),
    ("runtime.sidecar.sampling.test_events", "sampling: { test_events: 0.125 }", |s| is_rate(s, "test_x", 0.125)),
    ("runtime.sidecar.sampling.perf_metrics", "sampling: { perf_metrics: 0.125 }", |s| is_rate(s, "perf_x", 0.125)),
    ("runtime.sidecar.sampling.debug_logs", "sampling: { debug_logs: 0.125 }", |s| is_rate(s, "debug_x", 0.125)),
    ("runtime.sidecar.sampling.event_types.*", "sampling: { event_types: { x: 0.5 } }", |s| is_rate(s, "x", 0.5)),
    ("runtime.sidecar.sampling.adaptive.enabled", "sampling: { adaptive: disabled }", |s| !anomaly(s, "traces")),
    ("runtime.sidecar.sampling.adaptive.boost_factor", "sampling: { adaptive: { boost_factor: 4.0 }, traces: 0.125 }",
        |s| anomaly(s, "traces") && is_rate(s, "trace_x", 0.5)),
    ("runtime.sidecar.sampling.adaptive.boost_duration", "sampling: { adaptive: { boost_duration: 3600 } }", |s| {
        let begun = anomaly(s, "debug_logs");
        let lasts = s.sampler().stats().signal(Signal::DebugLogs).and_then(|signal| signal.boost_ends_in);
        begun && lasts.is_some_and(|lasts| lasts > 600 * SECOND)
    }),
    ("runtime.sidecar.sampling.adaptive.detect", "sampling: { adaptive: { detect: true }, test_events: 0.125 }",
        // What is offered says that it failed.
        |s| comes(|| is_rate(s, "test_x", 0.625))),
    ("runtime.sidecar.resources.max_queue_size", "resources: { max_queue_size: 123 }",
        |s| observer(s).queue_size == 123),
    ("runtime.sidecar.resources.max_memory_mb", "resources: { max_memory_mb: 50 }", |s| {
        observer(s).queue_bytes == 20 << 20
            && s.metrics().history_stats().max_bytes == 15 << 20
            && s.profiler().is_over_budget().max_memory_mb == 50.0
    }),
    ("runtime.sidecar.resources.max_cpu_percent", "resources: { max_cpu_percent: 7 }",
        |s| s.profiler().is_over_budget().max_cpu_percent == 7.0),
    ("runtime.sidecar.resources.drop_on_full", "resources: { drop_on_full: false }",
        |s| observer(s).drop_policy == DropPolicy::Newest),
    ("runtime.sidecar.handlers.timeout", "handlers: { timeout: 3 }", |s| observer(s).handler_timeout == 3 * SECOND),
    ("runtime.sidecar.handlers.suspend_after", "handlers: { suspend_after: 3 }", |s| observer(s).suspend_after == 3),
    ("runtime.sidecar.handlers.suspend_for", "handlers: { suspend_for: 3 }",
        |s| observer(s).suspend_for == 3 * SECOND),
    ("runtime.sidecar.max_text_bytes", "max_text_bytes: 64", |s| observer(s).max_text_bytes == 64),
    ("runtime.sidecar.objectives.*.operation", "objectives: [{ operation: x }]", |s| is_missed(s, "99 % succeed")),
    ("runtime.sidecar.objectives.*.target", "objectives: [{ operation: x, target: 0.5 }]",
        |s| is_missed(s, "50 % succeed")),
    ("runtime.sidecar.objectives.*.latency", "objectives: [{ operation: x, latency: 0.25 }]",
        |s| is_missed(s, "99 % within 250ms")),
    ("runtime.sidecar.redact_fields.*", "redact_fields: [secret]", |s| observer(s).redact == ["secret"]),
    ("runtime.sidecar.metrics.retention_seconds", "metrics: { retention_seconds: 600 }",
        |s| s.metrics().history_stats().retention == 600 * SECOND),
    ("runtime.sidecar.breakers.*.failure_threshold", "breakers: { own: { failure_threshold: 3 } }",
        |s| breaker(s, "own").failure_threshold() == 3),
    ("runtime.sidecar.breakers.*.timeout", "breakers: { own: { timeout: 3 } }",
        |s| breaker(s, "own").timeout() == 3 * SECOND),
    ("runtime.sidecar.breakers.*.half_open_max_calls", "breakers: { own: { half_open_max_calls: 7 } }",
        |s| breaker(s, "own").half_open_max_calls() == 7),
    ("runtime.sidecar.breakers.*.sliding_window_size", "breakers: { own: { sliding_window_size: 7 } }",
        |s| breaker(s, "own").sliding_window() == 7 * SECOND),
    ("runtime.sidecar.breakers.*.success_threshold", "breakers: { own: { success_threshold: 7 } }",
        |s| breaker(s, "own").success_threshold() == 7),
    ("runtime.sidecar.breakers.*.probe_timeout", "breakers: { own: { probe_timeout: 7 } }",
        |s| breaker(s, "own").probe_timeout() == 7 * SECOND),
    ("runtime.sidecar.breakers.*.critical", "breakers: { unknown: { critical: true } }",
        |s| s.health().unregistered_critical_components() == ["breaker:unknown"]),
    ("observability.circuit_breaker.failure_threshold", "circuit_breaker: { failure_threshold: 3 }",
        |s| breaker(s, "common").failure_threshold() == 3),
    ("observability.circuit_breaker.timeout", "circuit_breaker: { timeout: 3 }",
        |s| breaker(s, "common").timeout() == 3 * SECOND),
    ("observability.circuit_breaker.half_open_max_calls", "circuit_breaker: { half_open_max_calls: 7 }",
        |s| breaker(s, "common").half_open_max_calls() == 7),
    ("observability.circuit_breaker.sliding_window_size", "circuit_breaker: { sliding_window_size: 7 }",
        |s| breaker(s, "common").sliding_window() == 7 * SECOND),
    ("observability.circuit_breaker.success_threshold", "circuit_breaker: { success_threshold: 7 }",
        |s| breaker(s, "common").success_threshold() == 7),
    ("observability.health.enabled", "health: { enabled: false }", |s| !s.health().settings().enabled),
    ("observability.health.check_interval", "health: { check_interval: 7 }",
        |s| s.health().settings().check_interval == 7 * SECOND),
    ("observability.health.critical_components.*", "health: { critical_components: [nobody] }",
        |s| s.health().unregistered_critical_components() == ["nobody"]),
    ("observability.health.degraded_threshold", "health: { degraded_threshold: 0.25 }",
        |s| s.health().settings().degraded_threshold == 0.25),
    ("observability.performance.enabled", "performance: { enabled: false }", |s| !s.perf().settings().enabled),
    ("observability.performance.sample_rate", "performance: { sample_rate: 0.25 }",
        |s| s.perf().settings().sample_rate == 0.25),
    ("observability.performance.percentiles.*", "performance: { percentiles: [0.25] }",
        |s| s.perf().settings().percentiles == [0.25]),
    ("observability.performance.retention_seconds", "performance: { retention_seconds: 700 }",
        |s| s.metrics().history_stats().retention == 700 * SECOND),
    ("runtime.sidecar.enabled", "enabled: false", |s| observe!(s, "x") == DISABLED),
];
