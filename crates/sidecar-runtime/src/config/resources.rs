//! What the sidecar may use: `runtime.sidecar.resources`.

use serde::{Deserialize, Serialize};

/// Events that wait at most, unless configured.
pub const DEFAULT_MAX_QUEUE_SIZE: usize = 10_000;
/// The sidecar's share of one core in percent, unless configured.
pub const DEFAULT_MAX_CPU_PERCENT: f64 = 5.0;
/// The sidecar's memory in MB, unless configured.
pub const DEFAULT_MAX_MEMORY_MB: f64 = 100.0;

/// The bounds of `runtime.sidecar.resources`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Resources {
    /// Events that wait at most, from 1 to 10 000 000. Defaults to [`DEFAULT_MAX_QUEUE_SIZE`].
    pub max_queue_size: usize,
    /// The sidecar's own CPU time in percent of one core, from 0.01 to 100. Defaults to
    /// [`DEFAULT_MAX_CPU_PERCENT`].
    pub max_cpu_percent: f64,
    /// The sidecar's own memory in MB, from 1 to 1 048 576. Defaults to [`DEFAULT_MAX_MEMORY_MB`].
    pub max_memory_mb: f64,
    /// Whether a full queue makes room by dropping its oldest event; otherwise it refuses the newest. Defaults
    /// to `true`.
    pub drop_on_full: bool,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            max_queue_size: DEFAULT_MAX_QUEUE_SIZE,
            max_cpu_percent: DEFAULT_MAX_CPU_PERCENT,
            max_memory_mb: DEFAULT_MAX_MEMORY_MB,
            drop_on_full: true,
        }
    }
}
