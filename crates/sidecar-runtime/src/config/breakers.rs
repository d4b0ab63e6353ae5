//! Single breakers, by name: `runtime.sidecar.breakers`.

use serde::{Deserialize, Serialize};

/// What is configured of one breaker: `runtime.sidecar.breakers.NAME`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BreakerSection {
    /// Whether its component `breaker:NAME` is critical in health. It stays degraded while the circuit is not closed,
    /// and readiness, which follows the application's own components, never asks for it. Defaults to `false`.
    pub critical: bool,
}
