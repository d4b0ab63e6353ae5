//! The alerts of a collector.

use super::engine::AlertsSnapshot;
use super::error::AlertError;
use super::rule::{AlertRule, Input};
use crate::collector::MetricsCollector;
use std::time::{Duration, SystemTime};

impl MetricsCollector {
    /// Watches a rule from the next evaluation on; the first rule is evaluated at the next tick.
    ///
    /// With the first rule come metrics about the alerts: `sidecar_alerts_firing`, `sidecar_alerts_pending`,
    /// `sidecar_alerts_left_out` and `sidecar_alert_notifications_total{result}`, whose results are `delivered`,
    /// `panicked` and `dropped`. A rule or hook that holds a clone of this collector keeps it alive until
    /// [`remove_alert`](Self::remove_alert).
    ///
    /// # Errors
    /// When a setting is out of range, a rule of this name is there, there are
    /// [`MAX_ALERT_RULES`](crate::MAX_ALERT_RULES), or the thread for the hooks cannot be started.
    pub fn alert(&self, rule: AlertRule) -> Result<(), AlertError> {
        if let Some(stats) = self.engine().add(rule)? {
            self.register_source(move |out| stats.write(out));
        }
        Ok(())
    }

    /// Takes a rule away; says whether it was there. What fires is resolved, and the hooks hear of it.
    pub fn remove_alert(&self, name: &str) -> bool {
        self.engine().remove(name, SystemTime::now())
    }

    /// Every alert that fires, is pending, or was resolved within 15 minutes.
    #[must_use]
    pub fn alerts(&self) -> AlertsSnapshot {
        self.engine().snapshot()
    }

    /// Evaluates all rules if that is due at `now`, nanoseconds of a monotonic clock; says when it will be due again.
    /// The first call is due, and then one each `alert_interval`.
    ///
    /// Meant for whoever drives the collector: nothing here runs by itself. Of calls at the same time one evaluates,
    /// and so does not one from within a reading.
    pub fn tick_alerts(&self, now: u64) -> u64 {
        self.engine().tick(now, SystemTime::now(), |input| match input {
            Input::Read(read) => read(),
        })
    }

    /// Waits until the hooks have taken every notification so far, at most `timeout`; says whether they have.
    pub fn flush_alerts(&self, timeout: Duration) -> bool {
        self.engine().wait(timeout)
    }
}
