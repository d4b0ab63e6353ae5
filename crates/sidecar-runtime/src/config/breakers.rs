//! Settings of single breakers: `runtime.sidecar.breakers`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One breaker of `runtime.sidecar.breakers`, by its name.
///
/// What is `None` is that of `observability.circuit_breaker`. It is about breakers that follow the configuration, those
/// of [`SidecarHandle::breaker`](crate::SidecarHandle::breaker) and of `#[protected]`; what code gives them is stronger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// Failures inside the window that open it, at least 1. Defaults to not configured.
    pub failure_threshold: Option<u32>,
    /// How long it refuses calls when it is open, from 1 ms to a day. Defaults to not configured.
    #[serde(with = "sidecar_config::seconds::option")]
    pub timeout: Option<Duration>,
    /// Probes in flight at most, from 1 to 255. Defaults to not configured.
    pub half_open_max_calls: Option<u32>,
    /// How long a failure counts, from 1 ms to a day. Defaults to not configured.
    #[serde(with = "sidecar_config::seconds::option")]
    pub sliding_window_size: Option<Duration>,
    /// Successful probes that close it, at least 1. Defaults to not configured.
    pub success_threshold: Option<u32>,
    /// How long a round of probes may take, from 1 ms to a day. Defaults to not configured: as long as `timeout`.
    #[serde(with = "sidecar_config::seconds::option")]
    pub probe_timeout: Option<Duration>,
    /// Whether its component `breaker:NAME` is critical in health. It stays degraded while the circuit is not closed,
    /// and readiness, which follows the application's own components, never asks for it. Defaults to `false`.
    pub critical: bool,
}
