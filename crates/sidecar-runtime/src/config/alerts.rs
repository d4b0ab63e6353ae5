//! Alert rules and where their alerts go: `runtime.sidecar.alerts` and `runtime.sidecar.alertmanager`.

use serde::{Deserialize, Serialize};
use sidecar_config::Report;
use sidecar_metrics::{Aggregate, AlertError, AlertRule, MAX_ALERT_RULES, Query, QueryError, SettingsError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const RULES: &str = "runtime.sidecar.alerts";
const URL: &str = "runtime.sidecar.alertmanager.url";

/// A rule on a metric: an item of `runtime.sidecar.alerts`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertConfig {
    /// The name of its alerts, each rule's its own: 1 to 128 bytes.
    pub name: String,
    /// The metric.
    pub metric: String,
    /// Tags that the metric's series must have. Defaults to none.
    pub tags: BTreeMap<String, String>,
    /// Tags that tell series apart; each has an alert of its own. Defaults to none: one alert for all.
    pub by: Vec<String>,
    /// What is made of the values: `sum`, `avg`, `min`, `max`, `rate`, `last`, or a percentile such as `p99`. Defaults
    /// to `avg`.
    pub aggregate: String,
    /// Over how long, from 1 s to 7 days. Defaults to 5 minutes.
    #[serde(with = "sidecar_config::seconds")]
    pub last: Duration,
    /// Fires above this. Defaults to not set.
    pub above: Option<f64>,
    /// Fires below this; not beside `above`. Defaults to not set.
    pub below: Option<f64>,
    /// Is over only once the value is beyond this, on the other side. Defaults to the threshold itself.
    pub clear: Option<f64>,
    /// For how long it must hold before it fires, up to 7 days. Defaults to 0.
    #[serde(with = "sidecar_config::seconds")]
    pub hold: Duration,
    /// For how long it goes on firing after it could be over, up to 7 days. Defaults to 0.
    #[serde(with = "sidecar_config::seconds")]
    pub keep_firing_for: Duration,
    /// Fires also after so long without data, from 1 ms to 7 days. Defaults to not set.
    #[serde(with = "sidecar_config::seconds::option")]
    pub absent_after: Option<Duration>,
    /// Labels of the alerts, such as `severity`. Defaults to none.
    pub labels: BTreeMap<String, String>,
    /// Texts for whoever reads them, such as `summary`. Defaults to none.
    pub annotations: BTreeMap<String, String>,
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            metric: String::new(),
            tags: BTreeMap::new(),
            by: Vec::new(),
            aggregate: Aggregate::Avg.to_string(),
            last: sidecar_metrics::DEFAULT_RANGE,
            above: None,
            below: None,
            clear: None,
            hold: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            absent_after: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}

/// Where alerts are posted to: `runtime.sidecar.alertmanager`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertmanagerConfig {
    /// The address of an Alertmanager, without user and password: those are for
    /// `SidecarHandle::alertmanager`, for what is configured can be shown. Needs the feature `alertmanager`. When it
    /// changes, the new one hears of what fires and of what waits; when it is taken away, what fires is resolved at the
    /// last one. Defaults to not set: rules are evaluated, and nobody is told.
    pub url: Option<String>,
}

impl AlertConfig {
    /// The key, value and range of the first thing that no rule on a single key refuses; without a key where it is
    /// not given.
    fn refusal(&self) -> Option<(&'static str, String, String)> {
        for (key, text) in [("name", &self.name), ("metric", &self.metric)] {
            if text.is_empty() {
                return Some(("", format!("without {key}"), format!("a rule with {key}")));
            }
        }
        if self.above.is_none() && self.below.is_none() && self.absent_after.is_none() {
            return Some((
                "",
                "without a threshold".into(),
                "a rule with above, below or absent_after".into(),
            ));
        }
        match self.rule().map(|rule| rule.validate()) {
            Err(error)
            | Ok(Err(
                AlertError::Setting { error, .. }
                | AlertError::Query { error: QueryError::Setting(error), .. },
            )) => {
                let key = key(error.field())?;
                Some((key, error.value().to_owned(), error.allowed().to_owned()))
            }
            Ok(Err(error)) => Some((
                "metric",
                format!("{:?}", self.metric),
                format!("a metric that a rule can watch: {error}"),
            )),
            Ok(Ok(())) => None,
        }
    }

    /// The rule as the collector takes it.
    pub(crate) fn rule(&self) -> Result<AlertRule, SettingsError> {
        let aggregate: Aggregate = self.aggregate.parse()?;
        let query = Query::new(&self.metric).last(self.last).aggregate(aggregate);
        let query = self.tags.iter().fold(query, |query, (key, value)| query.tag(key, value));
        let query = self.by.iter().fold(query, |query, key| query.by(key));
        let rule = AlertRule::new(&self.name, query).hold(self.hold).keep_firing_for(self.keep_firing_for);
        let rule = match (self.above, self.below, self.clear) {
            (Some(_), Some(below), _) => {
                return Err(SettingsError::new("below", below, "left out beside above"));
            }
            (Some(above), None, None) => rule.above(above),
            (Some(above), None, Some(clear)) => rule.above(above).clear_below(clear),
            (None, Some(below), None) => rule.below(below),
            (None, Some(below), Some(clear)) => rule.below(below).clear_above(clear),
            (None, None, Some(clear)) => rule.clear_below(clear),
            (None, None, None) => rule,
        };
        let rule = self.absent_after.into_iter().fold(rule, AlertRule::absent);
        let rule = self.labels.iter().fold(rule, |rule, (key, value)| rule.label(key, value));
        Ok(self.annotations.iter().fold(rule, |rule, (key, value)| rule.annotation(key, value)))
    }
}

/// Reports what no rule on a single key can express.
pub(super) fn validate(alerts: &[AlertConfig], alertmanager: &AlertmanagerConfig, report: &mut Report) {
    if alerts.len() > MAX_ALERT_RULES {
        let (count, most) =
            (format!("of length {}", alerts.len()), format!("of length {MAX_ALERT_RULES} at most"));
        report.refuse(RULES, count, most);
    }
    let mut names = BTreeSet::new();
    for (place, alert) in alerts.iter().enumerate() {
        if !names.insert(&alert.name) {
            let key = format!("{RULES}.{place}.name");
            report.refuse(&key, format!("{:?}", alert.name), "another one: it is taken");
        }
        if let Some((key, value, allowed)) = alert.refusal() {
            let key = if key.is_empty() { key.to_owned() } else { format!(".{key}") };
            report.refuse(&format!("{RULES}.{place}{key}"), value, allowed);
        }
    }
    if let Some(url) = &alertmanager.url {
        validate_url(url, report);
    }
}

/// The configuration's word for a setting of a rule; `None` where a rule on that key alone has its say.
fn key(field: &'static str) -> Option<&'static str> {
    match field {
        "hold" | "keep_firing_for" | "last" | "absent" => None,
        "clear_below" | "clear_above" => Some("clear"),
        "percentile" => Some("aggregate"),
        other => Some(other),
    }
}

#[cfg(feature = "alertmanager")]
fn validate_url(url: &str, report: &mut Report) {
    if url.contains('@') {
        report.refuse(URL, "an address with a user", "an address without: what is configured can be shown");
    } else if let Err(error) = sidecar_metrics::AlertmanagerHook::check_url(url) {
        report.refuse(URL, error.value(), error.allowed());
    }
}

#[cfg(not(feature = "alertmanager"))]
fn validate_url(_: &str, report: &mut Report) {
    report.refuse(URL, "set", "left out: this was built without the feature alertmanager");
}
