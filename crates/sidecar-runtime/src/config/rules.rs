//! What each key may be.

use sidecar_config::{Report, Rule, Validate};
use sidecar_core::event_type::MAX_NAME_BYTES;
use sidecar_observer::ObserverBuilder;

use super::{Sampling, SidecarConfig};

/// Most event types with a rate of their own.
pub const MAX_EVENT_TYPE_RATES: usize = 1_024;
/// Most breakers with settings of their own.
pub const MAX_BREAKERS: usize = 1_024;
/// Most critical components.
pub const MAX_CRITICAL_COMPONENTS: usize = 256;
/// Most percentiles.
pub const MAX_PERCENTILES: usize = 32;
/// Most names of fields to redact.
pub const MAX_REDACT_FIELDS: usize = ObserverBuilder::MAX_REDACTED;

/// Longest name of a breaker, in bytes.
const MAX_BREAKER_NAME_BYTES: usize = 256;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;
const WEEK: f64 = 7.0 * DAY;
const YEAR: f64 = 365.0 * DAY;

impl Validate for SidecarConfig {
    const SECTIONS: &'static [&'static str] = &[
        "runtime.sidecar",
        "observability.circuit_breaker",
        "observability.health",
        "observability.performance",
    ];

    const RULES: &'static [Rule] = &[
        Rule::flag("runtime.sidecar.enabled"),
        Rule::number("runtime.sidecar.sampling.events", 0.0, 1.0),
        Rule::number("runtime.sidecar.sampling.traces", 0.0, 1.0),
        Rule::number("runtime.sidecar.sampling.profiling", 0.0, 1.0),
        Rule::number("runtime.sidecar.sampling.test_events", 0.0, 1.0),
        Rule::number("runtime.sidecar.sampling.perf_metrics", 0.0, 1.0),
        Rule::number("runtime.sidecar.sampling.debug_logs", 0.0, 1.0),
        Rule::number("runtime.sidecar.sampling.event_types.*", 0.0, 1.0),
        Rule::flag("runtime.sidecar.sampling.adaptive.enabled"),
        Rule::flag("runtime.sidecar.sampling.adaptive.detect"),
        Rule::number("runtime.sidecar.sampling.adaptive.boost_factor", 1.0, 1_000.0),
        Rule::seconds("runtime.sidecar.sampling.adaptive.boost_duration", 0.001, DAY),
        Rule::whole("runtime.sidecar.resources.max_queue_size", 1, 10_000_000),
        Rule::number("runtime.sidecar.resources.max_cpu_percent", 0.01, 100.0),
        Rule::number("runtime.sidecar.resources.max_memory_mb", 1.0, 1_048_576.0),
        Rule::flag("runtime.sidecar.resources.drop_on_full"),
        Rule::seconds("runtime.sidecar.handlers.timeout", 0.01, HOUR),
        Rule::whole("runtime.sidecar.handlers.suspend_after", 1, u32::MAX as u64),
        Rule::seconds("runtime.sidecar.handlers.suspend_for", 0.001, DAY),
        Rule::whole("runtime.sidecar.max_text_bytes", 64, 1 << 20),
        Rule::seconds("runtime.sidecar.metrics.retention_seconds", 300.0, 7.0 * DAY),
        Rule::whole("runtime.sidecar.breakers.*.failure_threshold", 1, u32::MAX as u64),
        Rule::seconds("runtime.sidecar.breakers.*.timeout", 0.001, DAY),
        Rule::whole("runtime.sidecar.breakers.*.half_open_max_calls", 1, 255),
        Rule::seconds("runtime.sidecar.breakers.*.sliding_window_size", 0.001, DAY),
        Rule::whole("runtime.sidecar.breakers.*.success_threshold", 1, u32::MAX as u64),
        Rule::seconds("runtime.sidecar.breakers.*.probe_timeout", 0.001, DAY),
        Rule::flag("runtime.sidecar.breakers.*.critical"),
        Rule::text("runtime.sidecar.redact_fields.*"),
        Rule::text("runtime.sidecar.alerts.*.name"),
        Rule::text("runtime.sidecar.alerts.*.metric"),
        Rule::text("runtime.sidecar.alerts.*.tags.*"),
        Rule::text("runtime.sidecar.alerts.*.by.*"),
        Rule::text("runtime.sidecar.alerts.*.aggregate"),
        Rule::seconds("runtime.sidecar.alerts.*.last", 1.0, WEEK),
        Rule::number("runtime.sidecar.alerts.*.above", f64::MIN, f64::MAX),
        Rule::number("runtime.sidecar.alerts.*.below", f64::MIN, f64::MAX),
        Rule::number("runtime.sidecar.alerts.*.clear", f64::MIN, f64::MAX),
        Rule::seconds("runtime.sidecar.alerts.*.hold", 0.0, WEEK),
        Rule::seconds("runtime.sidecar.alerts.*.keep_firing_for", 0.0, WEEK),
        Rule::seconds("runtime.sidecar.alerts.*.absent_after", 0.001, WEEK),
        Rule::text("runtime.sidecar.alerts.*.labels.*"),
        Rule::text("runtime.sidecar.alerts.*.annotations.*"),
        Rule::text("runtime.sidecar.alertmanager.url"),
        Rule::text("runtime.sidecar.objectives.*.operation"),
        Rule::number("runtime.sidecar.objectives.*.target", 0.0, 1.0),
        Rule::seconds("runtime.sidecar.objectives.*.latency", 1e-6, DAY),
        Rule::whole("observability.circuit_breaker.failure_threshold", 1, u32::MAX as u64),
        Rule::seconds("observability.circuit_breaker.timeout", 0.001, DAY),
        Rule::whole("observability.circuit_breaker.half_open_max_calls", 1, 255),
        Rule::seconds("observability.circuit_breaker.sliding_window_size", 0.001, DAY),
        Rule::whole("observability.circuit_breaker.success_threshold", 1, u32::MAX as u64),
        Rule::flag("observability.health.enabled"),
        Rule::seconds("observability.health.check_interval", 0.001, DAY),
        Rule::text("observability.health.critical_components.*"),
        Rule::number("observability.health.degraded_threshold", 0.0, 1.0),
        Rule::flag("observability.performance.enabled"),
        Rule::number("observability.performance.sample_rate", 0.0, 1.0),
        Rule::seconds("observability.performance.retention_seconds", 1.0, YEAR),
        Rule::number("observability.performance.percentiles.*", 0.0, 1.0),
    ];

    const SHORTHANDS: &'static [(&'static str, &'static str)] =
        &[("runtime.sidecar.sampling.adaptive", "enabled")];

    fn validate(&self, report: &mut Report) {
        let counts = [
            (
                "runtime.sidecar.sampling.event_types",
                self.runtime.sidecar.sampling.event_types.len(),
                MAX_EVENT_TYPE_RATES,
            ),
            ("runtime.sidecar.breakers", self.runtime.sidecar.breakers.len(), MAX_BREAKERS),
            ("runtime.sidecar.redact_fields", self.runtime.sidecar.redact_fields.len(), MAX_REDACT_FIELDS),
            (
                "observability.health.critical_components",
                self.observability.health.critical_components.len(),
                MAX_CRITICAL_COMPONENTS,
            ),
            (
                "observability.performance.percentiles",
                self.observability.performance.percentiles.len(),
                MAX_PERCENTILES,
            ),
        ];
        for (key, count, most) in counts {
            if count > most {
                report.refuse(key, format!("of length {count}"), format!("of length {most} at most"));
            }
        }
        for name in self.runtime.sidecar.breakers.keys() {
            if !(1..=MAX_BREAKER_NAME_BYTES).contains(&name.len()) {
                let value = format!("with a name of {} bytes", name.len());
                report.refuse("runtime.sidecar.breakers", value, "with names of 1 to 256 bytes");
            }
        }
        for (place, name) in self.runtime.sidecar.redact_fields.iter().enumerate() {
            if !(1..=MAX_NAME_BYTES).contains(&name.len()) {
                let key = format!("runtime.sidecar.redact_fields.{place}");
                report.refuse(&key, format!("of {} bytes", name.len()), "of 1 to 128 bytes");
            }
        }
        let sidecar = &self.runtime.sidecar;
        super::objectives::validate(&sidecar.objectives, report);
        super::alerts::validate(&sidecar.alerts, &sidecar.alertmanager, report);
        for (signal, rate) in &self.unknown_signals {
            let allowed = format!("for one of the signals {}", Sampling::SIGNALS.join(", "));
            report.refuse(&format!("runtime.sidecar.sampling.{signal}"), rate, allowed);
        }
    }
}
