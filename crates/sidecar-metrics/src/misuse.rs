//! Counting what was refused where nobody can be told.

use sidecar_core::panics;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How often a call without a result, or a source, was refused.
#[derive(Debug, Default)]
pub(crate) struct Misuse {
    total: AtomicU64,
}

impl Misuse {
    /// Counts one, and warns when the count is a power of two: at most 64 warnings in the life of a collector,
    /// so that a refused call in a hot loop cannot flood the log, nor a subscriber that counts what it is told
    /// come back here for ever.
    pub(crate) fn count(&self, what: impl fmt::Display) {
        let errors = self.total.fetch_add(1, Relaxed) + 1;
        if errors.is_power_of_two() {
            // A subscriber is foreign code: its panic is not the host's.
            let _ = panics::contain(|| tracing::warn!(errors, "{what}"));
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }
}
