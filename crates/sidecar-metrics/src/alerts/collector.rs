//! The alerts of a collector.

use super::engine::AlertsSnapshot;
use super::error::AlertError;
use super::rule::{AlertRule, Input};
use crate::alerts::Reading;
use crate::collector::MetricsCollector;
use crate::query::QueryResult;
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
    /// The first call is due, and then one each `alert_interval`; without rules none, which is `u64::MAX`.
    ///
    /// [`tick`](Self::tick) does this too: this is for those who want alerts on what they read themselves, and no
    /// history. Of calls at the same time one evaluates,
    /// and so does not one from within a reading.
    pub fn tick_alerts(&self, now: u64) -> u64 {
        self.engine().tick(now, SystemTime::now(), |input| match input {
            Input::Query(query) => match self.query(query) {
                Ok(answer) => newest(answer),
                Err(error) => {
                    self.engine().refused(error);
                    Vec::new()
                }
            },
            Input::Read(read) => read(),
        })
    }

    /// Waits until the hooks have taken every notification so far, at most `timeout`; says whether they have.
    pub fn flush_alerts(&self, timeout: Duration) -> bool {
        self.engine().wait(timeout)
    }
}

/// The point of each series' last step: `None` where nothing was read in it.
fn newest(answer: QueryResult) -> Vec<Reading> {
    let last_step = answer.to.saturating_sub(answer.step.as_secs());
    let series = answer.series.into_iter().map(|series| {
        let point = series.points.last().filter(|point| point.at > last_step);
        Reading { tags: series.tags, value: point.map(|point| point.value) }
    });
    series.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Aggregate, Point, Series};

    #[test]
    fn only_the_last_step_counts() {
        let point = |at, value| Point { at, value, lower: None, upper: None };
        let series = |host: &str, points: &[Point]| Series {
            tags: vec![("host".to_owned(), host.to_owned())],
            points: points.to_vec(),
        };
        let answer = QueryResult {
            name: "load".to_owned(),
            aggregate: Aggregate::Avg,
            resolution: Duration::from_secs(1),
            step: Duration::from_secs(10),
            from: 970,
            to: 1_000,
            series: vec![
                series("a", &[point(990, 1.0), point(1_000, 2.0)]),
                series("gone", &[point(980, 1.0), point(990, 2.0)]),
                series("none", &[]),
            ],
        };
        let expected = [("a", Some(2.0)), ("gone", None), ("none", None)];
        assert_eq!(newest(answer), expected.map(|(host, value)| Reading::new(&[("host", host)], value)));
    }
}
