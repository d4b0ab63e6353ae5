//! How long handlers may take and how often they may fail: `runtime.sidecar.handlers`.

use serde::{Deserialize, Serialize};
use sidecar_observer::ObserverBuilder;
use std::time::Duration;

/// The limits of event handlers: `runtime.sidecar.handlers`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Handlers {
    /// How long a call may last before it is left behind with its thread, from 10 ms to an hour. Defaults to 10 s.
    #[serde(with = "sidecar_config::seconds")]
    pub timeout: Duration,
    /// Panics in a row that suspend a handler, at least 1. Defaults to 10.
    pub suspend_after: u32,
    /// For how long it is suspended, from 1 ms to a day. Defaults to 30 s.
    #[serde(with = "sidecar_config::seconds")]
    pub suspend_for: Duration,
}

impl Default for Handlers {
    fn default() -> Self {
        Self {
            timeout: ObserverBuilder::DEFAULT_HANDLER_TIMEOUT,
            suspend_after: ObserverBuilder::DEFAULT_SUSPEND_AFTER,
            suspend_for: ObserverBuilder::DEFAULT_SUSPEND_FOR,
        }
    }
}
