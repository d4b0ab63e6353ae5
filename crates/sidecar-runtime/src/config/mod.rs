//! The settings of a sidecar: [`SidecarConfig`], its keys, its files and variables.
//!
//! ```text
//! runtime:
//!   sidecar:
//!     enabled: true
//!     sampling: { events, traces, profiling, test_events, perf_metrics, debug_logs, event_types, adaptive }
//!     resources: { max_queue_size, max_cpu_percent, max_memory_mb, drop_on_full }
//!     handlers: { timeout, suspend_after, suspend_for }
//!     max_text_bytes: 4096
//!     metrics: { retention_seconds }
//!     breakers:
//!       NAME: { failure_threshold, timeout, half_open_max_calls, sliding_window_size, success_threshold, probe_timeout,
//!               critical }
//!     redact_fields: []
//!     alerts: [{ name, metric, tags, by, aggregate, last, above, below, clear, hold, keep_firing_for, absent_after,
//!                labels, annotations }]
//!     alertmanager: { url }
//!     objectives: [{ operation, target, latency }]
//! observability:
//!   circuit_breaker: { failure_threshold, timeout, half_open_max_calls, sliding_window_size, success_threshold }
//!   health: { enabled, check_interval, critical_components, degraded_threshold }
//!   performance: { enabled, sample_rate, retention_seconds, percentiles }
//! ```
//!
//! Times are numbers of seconds, fractions allowed. Other sections of the file are left alone.

mod alerts;
mod breakers;
mod handlers;
mod load;
mod metrics;
mod objectives;
mod observability;
mod resources;
mod rules;
mod sampling;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sidecar_config::ConfigErrors;
use sidecar_metrics::RETENTION;
use sidecar_observer::ObserverBuilder;

use load::MadeOf;

pub use alerts::{AlertConfig, AlertmanagerConfig};
pub use breakers::BreakerConfig;
pub use handlers::Handlers;
pub use load::{FILE_NAMES, Loaded, VARIABLES, discover};
pub use metrics::Metrics;
pub use objectives::ObjectiveConfig;
pub use observability::{
    CircuitBreakerConfig, DEFAULT_CHECK_INTERVAL, DEFAULT_DEGRADED_THRESHOLD, DEFAULT_PERCENTILES,
    DEFAULT_RETENTION, HealthConfig, Observability, PerformanceConfig,
};
pub use resources::{DEFAULT_MAX_CPU_PERCENT, DEFAULT_MAX_MEMORY_MB, DEFAULT_MAX_QUEUE_SIZE, Resources};
pub use rules::{
    MAX_BREAKERS, MAX_CRITICAL_COMPONENTS, MAX_EVENT_TYPE_RATES, MAX_PERCENTILES, MAX_REDACT_FIELDS,
};
pub use sampling::{Adaptive, DEFAULT_BOOST_DURATION, DEFAULT_BOOST_FACTOR, Sampling};

/// Bytes of a text in an event, unless configured.
pub const DEFAULT_MAX_TEXT_BYTES: usize = ObserverBuilder::DEFAULT_MAX_TEXT_BYTES;

/// The settings of a sidecar, laid out as in the file.
///
/// The setters never fail; [`validate`](Self::validate) reports what they were given. What they set, and every field
/// that the program changes, stays above files and environment when a running sidecar loads its configuration again.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SidecarConfig {
    /// The section `runtime`.
    pub runtime: Runtime,
    /// The section `observability`.
    pub observability: Observability,
    /// What [`sampling_rate`](Self::sampling_rate) was called with by mistake.
    #[serde(skip)]
    unknown_signals: Vec<(String, f64)>,
    #[serde(skip)]
    made_of: MadeOf,
}

/// The section `runtime`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Runtime {
    /// The section `runtime.sidecar`.
    pub sidecar: SidecarSection,
}

/// The section `runtime.sidecar`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SidecarSection {
    /// Whether the sidecar does anything at all. If not, events are refused as `disabled` and breakers let every call
    /// pass, those of `#[protected]` too, of which a process has one set: they follow the sidecar that was started first.
    /// Defaults to `true`.
    pub enabled: bool,
    /// Which share of what is kept.
    pub sampling: Sampling,
    /// What the sidecar may use.
    pub resources: Resources,
    /// How long handlers may take and how often they may fail.
    pub handlers: Handlers,
    /// Bytes of a text in an event, from 64 to 1 048 576; a longer one is cut, and its event flagged. Defaults to
    /// [`DEFAULT_MAX_TEXT_BYTES`].
    pub max_text_bytes: usize,
    /// How much of the metrics' past is kept.
    pub metrics: Metrics,
    /// Names of event fields whose values nobody sees: at most [`MAX_REDACT_FIELDS`], each of 1 to 128 bytes, letters
    /// of ASCII without regard to case. Defaults to none.
    pub redact_fields: Vec<String>,
    /// Alert rules, at most 256. Defaults to none.
    pub alerts: Vec<AlertConfig>,
    /// Where alerts are posted to.
    pub alertmanager: AlertmanagerConfig,
    /// What is promised of operations, at most 256. Defaults to none.
    pub objectives: Vec<ObjectiveConfig>,
    /// Breakers by name, whether or not they are registered: at most [`MAX_BREAKERS`], names of 1 to 256 bytes.
    /// Defaults to none.
    pub breakers: BTreeMap<String, BreakerConfig>,
}

impl Default for SidecarSection {
    fn default() -> Self {
        Self {
            enabled: true,
            sampling: Sampling::default(),
            resources: Resources::default(),
            handlers: Handlers::default(),
            max_text_bytes: DEFAULT_MAX_TEXT_BYTES,
            metrics: Metrics::default(),
            redact_fields: Vec::new(),
            alerts: Vec::new(),
            alertmanager: AlertmanagerConfig::default(),
            objectives: Vec::new(),
            breakers: BTreeMap::new(),
        }
    }
}

impl SidecarConfig {
    /// Whether the sidecar does anything at all. Defaults to `true`.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.runtime.sidecar.enabled = enabled;
        self.made_of.note("runtime.sidecar.enabled");
        self
    }

    /// The rate of a signal, from 0.0 to 1.0: one of [`Sampling::SIGNALS`]. Defaults to not configured.
    #[must_use]
    pub fn sampling_rate(mut self, signal: &str, rate: f64) -> Self {
        match self.runtime.sidecar.sampling.rate_mut(signal) {
            Some(configured) => {
                *configured = Some(rate);
                self.made_of.note(format!("runtime.sidecar.sampling.{signal}"));
            }
            None => self.unknown_signals.push((signal.to_owned(), rate)),
        }
        self
    }

    /// The rate of one event type, from 0.0 to 1.0. Defaults to the rate of its signal.
    #[must_use]
    pub fn event_type_rate(mut self, event_type: impl Into<String>, rate: f64) -> Self {
        let event_type = event_type.into();
        self.made_of.note(format!("runtime.sidecar.sampling.event_types.{event_type}"));
        self.runtime.sidecar.sampling.event_types.insert(event_type, rate);
        self
    }

    /// Events that wait at most, from 1 to 10 000 000. Defaults to [`DEFAULT_MAX_QUEUE_SIZE`].
    #[must_use]
    pub fn max_queue_size(mut self, events: usize) -> Self {
        self.runtime.sidecar.resources.max_queue_size = events;
        self.made_of.note("runtime.sidecar.resources.max_queue_size");
        self
    }

    /// Bytes of a text in an event, from 64 to 1 048 576. Defaults to [`DEFAULT_MAX_TEXT_BYTES`].
    #[must_use]
    pub fn max_text_bytes(mut self, bytes: usize) -> Self {
        self.runtime.sidecar.max_text_bytes = bytes;
        self
    }

    /// Marks a breaker critical in health, beside those that are: see [`BreakerConfig::critical`]. Defaults to none.
    #[must_use]
    pub fn critical_breaker(mut self, name: impl Into<String>) -> Self {
        self.runtime.sidecar.breakers.entry(name.into()).or_default().critical = true;
        self
    }

    /// Names of event fields whose values nobody sees, in place of those there were: at most [`MAX_REDACT_FIELDS`],
    /// each of 1 to 128 bytes. Defaults to none.
    #[must_use]
    pub fn redact_fields(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.runtime.sidecar.redact_fields = names.into_iter().map(Into::into).collect();
        self.made_of.note("runtime.sidecar.redact_fields");
        self
    }

    /// Checks every value.
    ///
    /// # Errors
    /// Every value that is out of range, at once.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        sidecar_config::validate(self)
    }

    /// How long the history of the metrics keeps ten-second points: what the metrics say, else what the measurements
    /// say, whose range is wider, as far as the history can.
    pub(crate) fn history_retention(&self) -> Duration {
        let performance = self.observability.performance.retention;
        let within = performance.clamp(*RETENTION.start(), *RETENTION.end());
        self.runtime.sidecar.metrics.retention.unwrap_or(within)
    }
}
