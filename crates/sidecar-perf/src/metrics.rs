//! What is known of one operation.

use crate::Completion;
use crate::figures::Figures;
use sidecar_core::histogram::FixedSnapshot;
use std::ops::Deref;
use std::sync::Arc;

/// What is known of one operation. The figures of the rolling window are its own fields: `metrics.latency_p95`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OperationMetrics {
    /// Its name.
    pub name: Arc<str>,
    /// Operations that began, by a guard or a future, and have not ended.
    pub in_flight: u64,
    /// The rolling window.
    pub window: Figures,
    /// Since the operation was first named.
    pub since_start: Figures,
}

impl Deref for OperationMetrics {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.window
    }
}

/// One operation since the start, for an exposition.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OperationExposition {
    /// Its name.
    pub name: Arc<str>,
    /// Operations that began and have not ended.
    pub in_flight: u64,
    /// How many ended in each way: exact.
    pub completions: Vec<(Completion, u64)>,
    /// The durations that were measured, in seconds.
    pub seconds: FixedSnapshot,
}
