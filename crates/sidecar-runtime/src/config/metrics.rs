//! How much of the metrics' past is kept: `runtime.sidecar.metrics`.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The settings of the metrics: `runtime.sidecar.metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Metrics {
    /// How long the history keeps ten-second points, from 300 s to 7 days. Defaults to
    /// `observability.performance.retention_seconds`, as far as that is within the same range.
    #[serde(rename = "retention_seconds", with = "sidecar_config::seconds::option")]
    pub retention: Option<Duration>,
}
