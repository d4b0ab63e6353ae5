//! Breakers, health and performance: `observability`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Time between two runs of a health check, unless configured.
pub const DEFAULT_CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// The share of working components below which the whole is unhealthy, unless configured.
pub const DEFAULT_DEGRADED_THRESHOLD: f64 = 0.7;
/// How long measurements are kept, unless configured.
pub const DEFAULT_RETENTION: Duration = Duration::from_secs(3600);
/// The percentiles that are shown, unless configured.
pub const DEFAULT_PERCENTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// The sections of `observability` that are ours.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Observability {
    /// The settings of breakers that give none of their own.
    pub circuit_breaker: CircuitBreakerConfig,
    /// Health checks.
    pub health: HealthConfig,
    /// Measured operations.
    pub performance: PerformanceConfig,
}

/// The settings of breakers that give none of their own: `observability.circuit_breaker`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CircuitBreakerConfig {
    /// Failures inside the window that open a breaker, at least 1. Defaults to 5.
    pub failure_threshold: u32,
    /// How long an open breaker refuses calls, from 1 ms to a day. Defaults to 60 s.
    #[serde(with = "sidecar_config::seconds")]
    pub timeout: Duration,
    /// Probes in flight at most, from 1 to 255. Defaults to 3.
    pub half_open_max_calls: u32,
    /// How long a failure counts, from 1 ms to a day. Defaults to 120 s.
    #[serde(with = "sidecar_config::seconds")]
    pub sliding_window_size: Duration,
    /// Successful probes that close a breaker, at least 1. Defaults to 2.
    pub success_threshold: u32,
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            timeout: Duration::from_secs(60),
            half_open_max_calls: 3,
            sliding_window_size: Duration::from_secs(120),
            success_threshold: 2,
        }
    }
}

/// Health checks: `observability.health`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HealthConfig {
    /// Whether the application's checks run. Defaults to `true`.
    pub enabled: bool,
    /// Time between two runs of a check that has no interval of its own, from 1 ms to a day. Defaults to
    /// [`DEFAULT_CHECK_INTERVAL`].
    #[serde(with = "sidecar_config::seconds")]
    pub check_interval: Duration,
    /// Components that are critical, by name, at most 256. Defaults to none.
    pub critical_components: Vec<String>,
    /// The share of working components below which the whole is unhealthy, from 0.0 (never) to 1.0. Defaults
    /// to [`DEFAULT_DEGRADED_THRESHOLD`].
    pub degraded_threshold: f64,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            check_interval: DEFAULT_CHECK_INTERVAL,
            critical_components: Vec::new(),
            degraded_threshold: DEFAULT_DEGRADED_THRESHOLD,
        }
    }
}

/// Measured operations: `observability.performance`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PerformanceConfig {
    /// Whether operations are recorded. Defaults to `true`.
    pub enabled: bool,
    /// The share of durations that is recorded, from 0.0 to 1.0. Defaults to 1.0.
    pub sample_rate: f64,
    /// How long measurements are kept, from 1 s to a year. Defaults to [`DEFAULT_RETENTION`].
    #[serde(rename = "retention_seconds", with = "sidecar_config::seconds")]
    pub retention: Duration,
    /// The percentiles that are shown, each from 0.0 to 1.0, at most 32. Defaults to [`DEFAULT_PERCENTILES`].
    pub percentiles: Vec<f64>,
}

impl Default for PerformanceConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            sample_rate: 1.0,
            retention: DEFAULT_RETENTION,
            percentiles: DEFAULT_PERCENTILES.to_vec(),
        }
    }
}
