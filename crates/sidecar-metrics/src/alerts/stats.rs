//! What the alerts say about themselves.

use crate::source::SourceOutput;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Counts that a scrape reads. They guard nothing, so every access is relaxed.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) firing: AtomicUsize,
    pub(crate) pending: AtomicUsize,
    pub(crate) left_out: AtomicUsize,
    pub(crate) delivered: AtomicU64,
    pub(crate) panicked: AtomicU64,
    pub(crate) dropped: AtomicU64,
}

impl Stats {
    /// The source of these counts.
    pub(crate) fn write(&self, out: &mut SourceOutput) {
        let gauges = [
            ("sidecar_alerts_firing", "Alerts that fire", &self.firing),
            (
                "sidecar_alerts_pending",
                "Alerts whose condition does not hold for long enough yet",
                &self.pending,
            ),
            (
                "sidecar_alerts_left_out",
                "Series without room for an alert, at the last evaluation",
                &self.left_out,
            ),
        ];
        for (name, help, value) in gauges {
            out.gauge(name, help).sample(&[], value.load(Relaxed) as f64);
        }
        let mut results = out.counter(
            "sidecar_alert_notifications_total",
            "Calls of alert hooks that returned or panicked, and notifications dropped for want of room",
        );
        for (result, count) in
            [("delivered", &self.delivered), ("panicked", &self.panicked), ("dropped", &self.dropped)]
        {
            results.sample(&[("result", result)], count.load(Relaxed));
        }
    }
}
