//! When a breaker has failed last.

use sidecar_core::sync::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// When the last failure was counted, by the breaker's clock, plus one; zero before the first.
///
/// Relaxed: shown to people, orders nothing.
#[derive(Debug)]
pub(crate) struct LastFailure(AtomicU64);

impl Default for LastFailure {
    fn default() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl LastFailure {
    pub(crate) fn note(&self, now: u64) {
        self.0.store(now.saturating_add(1), Ordering::Relaxed);
    }
}

/// The last failure that was shown, by both clocks: shown again, it must have the same time.
#[derive(Debug, Default)]
pub(crate) struct Shown(Option<(u64, SystemTime)>);

impl Shown {
    /// By the wall clock. Worked out once for each failure.
    pub(crate) fn show(&mut self, last: &LastFailure, now: u64) -> Option<SystemTime> {
        let failed = last.0.load(Ordering::Relaxed).checked_sub(1)?;
        if self.0.is_none_or(|(at, _)| at != failed) {
            let wall = SystemTime::now();
            let ago = Duration::from_nanos(now.saturating_sub(failed));
            self.0 = Some((failed, wall.checked_sub(ago).unwrap_or(wall)));
        }
        self.0.map(|(_, wall)| wall)
    }
}
