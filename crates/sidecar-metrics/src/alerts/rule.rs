//! What an alert is about, when it fires and when it is over.

use super::alert::{Pairs, RuleText};
use super::error::AlertError;
use super::hook::AlertHook;
use super::machine::{Conditions, Side, Threshold};
use crate::error::excerpt;
use crate::names::check_tag_key;
use crate::query::Query;
use sidecar_core::SettingsError;
use sidecar_core::clock::nanos;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// Longest name of a rule, in bytes.
pub const MAX_RULE_NAME_BYTES: usize = 128;

/// Most labels of a rule, and most annotations.
pub const MAX_LABELS: usize = 32;

/// Most hooks of a rule.
pub const MAX_ALERT_HOOKS: usize = 8;

/// Most bytes of a rule's labels, keys and values together; the same for its annotations.
pub const MAX_ANNOTATION_BYTES: usize = 8_192;

/// Longest `hold`, `keep_firing_for`, `absent` and `keep_absent_for`.
pub const MAX_HOLD: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How long an alert keeps its state without data unless set: as long as Prometheus looks back for a value.
pub const DEFAULT_KEEP_ABSENT_FOR: Duration = Duration::from_secs(300);

const NAME_RANGE: &str = "1 to 128 bytes without control characters";
const TIME_RANGE: &str = "from 0 to 7 days";
const ABSENT_RANGE: &str = "more than 0 and at most 7 days";
const NUMBER_RANGE: &str = "a finite number";
const COUNT_RANGE: &str = "at most 32";
const BYTES_RANGE: &str = "at most 8192 bytes together";
const KEY_RANGE: &str =
    "given once, match [a-zA-Z_][a-zA-Z0-9_]*, and be none of alertname, le, quantile, __*";

/// What was read of one series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The tags that tell the series apart from others of the same rule.
    pub tags: Vec<(String, String)>,
    /// The value. `None` and NaN say that there is no data.
    pub value: Option<f64>,
}

impl Reading {
    /// A value of a series.
    #[must_use]
    pub fn new(tags: &[(&str, &str)], value: impl Into<Option<f64>>) -> Self {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { tags, value: value.into() }
    }
}

type Read = dyn Fn() -> Vec<Reading> + Send + Sync;

/// Where a rule's values come from.
#[derive(Clone)]
pub(crate) enum Input {
    Query(Query),
    Read(Arc<Read>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(query) => query.fmt(f),
            Self::Read(_) => f.write_str("a closure"),
        }
    }
}

/// A rule: what is watched, when it fires, when it is over, and who hears of it.
///
/// Each series that is read has an alert of its own. What is set is checked when the rule is given to a collector.
#[derive(Clone, Debug)]
#[must_use = "a rule does nothing until a collector has it"]
pub struct AlertRule {
    name: String,
    pub(crate) input: Input,
    fire: Option<(Side, f64)>,
    clear: Option<(Side, f64)>,
    hold: Duration,
    keep_firing_for: Duration,
    absent: Option<Duration>,
    keep_absent_for: Duration,
    labels: Vec<(String, String)>,
    annotations: Vec<(String, String)>,
    hooks: Hooks,
}

/// In a type of its own, for `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Arc<dyn AlertHook>>);

impl Deref for Hooks {
    type Target = [Arc<dyn AlertHook>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Hooks {
    type Item = &'a Arc<dyn AlertHook>;
    type IntoIter = std::slice::Iter<'a, Arc<dyn AlertHook>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.len())
    }
}

impl AlertRule {
    /// A rule on the answer to a query: on the newest point of each of its series.
    pub fn new(name: impl Into<String>, query: Query) -> Self {
        Self::with_input(name.into(), Input::Query(query))
    }

    /// A rule on whatever `read` returns. It runs on the thread that evaluates, without a lock, and should return
    /// soon: nothing is evaluated meanwhile. If it panics, there is no data.
    pub fn from_fn(name: impl Into<String>, read: impl Fn() -> Vec<Reading> + Send + Sync + 'static) -> Self {
        Self::with_input(name.into(), Input::Read(Arc::new(read)))
    }

    pub(crate) fn with_input(name: String, input: Input) -> Self {
        Self {
            name,
            input,
            fire: None,
            clear: None,
            hold: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            absent: None,
            keep_absent_for: DEFAULT_KEEP_ABSENT_FOR,
            labels: Vec::new(),
            annotations: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    /// The condition is a value above `threshold`. A rule has this, [`below`](Self::below) or
    /// [`absent`](Self::absent); of `above` and `below` the last one stands.
    pub fn above(mut self, threshold: f64) -> Self {
        self.fire = Some((Side::Above, threshold));
        self
    }

    /// The condition is a value below `threshold`.
    pub fn below(mut self, threshold: f64) -> Self {
        self.fire = Some((Side::Below, threshold));
        self
    }

    /// A firing alert is over only once a value is below `threshold`: between the two nothing changes. Goes with
    /// [`above`](Self::above), and must not be higher.
    ///
    /// Without it an alert is over as soon as the condition does not hold.
    pub fn clear_below(mut self, threshold: f64) -> Self {
        self.clear = Some((Side::Above, threshold));
        self
    }

    /// A firing alert is over only once a value is above `threshold`. Goes with [`below`](Self::below), and must
    /// not be lower.
    pub fn clear_above(mut self, threshold: f64) -> Self {
        self.clear = Some((Side::Below, threshold));
        self
    }

    /// How long the condition must hold without a break before the alert fires. A reading without data is no
    /// break, but nothing fires on it.
    ///
    /// Defaults to 0: it fires at the first evaluation that finds the condition. Up to [`MAX_HOLD`].
    pub fn hold(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self
    }

    /// How long an alert goes on firing after it could be over. It begins again whenever it could not.
    ///
    /// Defaults to 0. Up to [`MAX_HOLD`].
    pub fn keep_firing_for(mut self, time: Duration) -> Self {
        self.keep_firing_for = time;
        self
    }

    /// Fires also when a series that was there has had no data for `after`, or no series has been there at all.
    /// It is over with the first value that is not beyond the threshold.
    ///
    /// More than 0, up to [`MAX_HOLD`].
    pub fn absent(mut self, after: Duration) -> Self {
        self.absent = Some(after);
        self
    }

    /// Without [`absent`](Self::absent): how long an alert keeps its state without data, before it is over.
    ///
    /// Defaults to 5 minutes. Up to [`MAX_HOLD`].
    pub fn keep_absent_for(mut self, time: Duration) -> Self {
        self.keep_absent_for = time;
        self
    }

    /// Adds a label to each alert, such as `severity`. At most [`MAX_LABELS`].
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((key.into(), value.into()));
        self
    }

    /// Adds an annotation: a text for whoever reads the alert. At most [`MAX_LABELS`].
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.push((key.into(), value.into()));
        self
    }

    /// Adds a hook, which hears of each alert of this rule when it fires and when it is over. At most
    /// [`MAX_ALERT_HOOKS`].
    pub fn notify(mut self, hook: impl AlertHook + 'static) -> Self {
        self.hooks.0.push(Arc::new(hook));
        self
    }

    /// Whether all that is set is within its range.
    ///
    /// # Errors
    /// The first thing that is not, by name, value and range.
    pub fn validate(&self) -> Result<(), AlertError> {
        self.clone().check().map(drop)
    }

    /// The rule as it is evaluated.
    pub(crate) fn check(self) -> Result<Checked, AlertError> {
        if let Input::Query(query) = &self.input {
            query.check().map_err(|error| AlertError::Query { rule: excerpt(&self.name), error })?;
        }
        self.check_settings().map_err(|error| AlertError::Setting { rule: excerpt(&self.name), error }).map(
            |(threshold, labels, annotations)| Checked {
                conditions: Conditions {
                    threshold,
                    hold: nanos(self.hold),
                    keep_firing_for: nanos(self.keep_firing_for),
                    absent: self.absent.map(nanos),
                    keep_absent_for: nanos(self.keep_absent_for),
                },
                text: Arc::new(RuleText { name: self.name.into(), annotations }),
                input: self.input,
                hooks: self.hooks,
                labels,
            },
        )
    }

    fn check_settings(&self) -> Result<(Option<Threshold>, Pairs, Pairs), SettingsError> {
        let name = &self.name;
        if name.is_empty() || name.len() > MAX_RULE_NAME_BYTES || name.contains(char::is_control) {
            return Err(SettingsError::new("name", format_args!("{:?}", excerpt(name)), NAME_RANGE));
        }
        for (field, time) in [
            ("hold", self.hold),
            ("keep_firing_for", self.keep_firing_for),
            ("keep_absent_for", self.keep_absent_for),
        ] {
            if time > MAX_HOLD {
                return Err(SettingsError::new(field, format_args!("{time:?}"), TIME_RANGE));
            }
        }
        if let Some(absent) = self.absent.filter(|absent| absent.is_zero() || *absent > MAX_HOLD) {
            return Err(SettingsError::new("absent", format_args!("{absent:?}"), ABSENT_RANGE));
        }
        if self.hooks.len() > MAX_ALERT_HOOKS {
            return Err(SettingsError::new("notify", self.hooks.len(), "at most 8 hooks"));
        }
        let threshold = self.threshold()?;
        Ok((threshold, pairs("labels", &self.labels)?, pairs("annotations", &self.annotations)?))
    }

    fn threshold(&self) -> Result<Option<Threshold>, SettingsError> {
        let Some((side, fire)) = self.fire else {
            return match (self.clear, self.absent) {
                (Some((side, clear)), _) => {
                    Err(SettingsError::new(clear_field(side), clear, "left out without above or below"))
                }
                (None, None) => Err(SettingsError::new("above", "not set", "set, or below or absent")),
                (None, Some(_)) => Ok(None),
            };
        };
        let field = if side == Side::Above { "above" } else { "below" };
        if !fire.is_finite() {
            return Err(SettingsError::new(field, fire, NUMBER_RANGE));
        }
        let Some((clear_side, clear)) = self.clear else {
            return Ok(Some(Threshold { side, fire, clear: None }));
        };
        let allowed = match (side, clear_side) {
            (Side::Above, Side::Below) => "clear_below, which goes with above",
            (Side::Below, Side::Above) => "clear_above, which goes with below",
            _ if !clear.is_finite() => NUMBER_RANGE,
            (Side::Above, _) if clear > fire => "a finite number, not higher than above",
            (Side::Below, _) if clear < fire => "a finite number, not lower than below",
            _ => return Ok(Some(Threshold { side, fire, clear: Some(clear) })),
        };
        Err(SettingsError::new(clear_field(clear_side), clear, allowed))
    }
}

fn clear_field(side: Side) -> &'static str {
    match side {
        Side::Above => "clear_below",
        Side::Below => "clear_above",
    }
}

/// Labels or annotations, checked and sorted. A label without a value is none, as in Prometheus.
fn pairs(field: &'static str, given: &[(String, String)]) -> Result<Pairs, SettingsError> {
    if given.len() > MAX_LABELS {
        return Err(SettingsError::new(field, given.len(), COUNT_RANGE));
    }
    let bytes: usize = given.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > MAX_ANNOTATION_BYTES {
        return Err(SettingsError::new(field, format_args!("{bytes} bytes"), BYTES_RANGE));
    }
    let mut sorted: Vec<&(String, String)> = given.iter().collect();
    sorted.sort();
    let again = sorted.windows(2).find(|two| two[0].0 == two[1].0).map(|two| &two[0].0);
    let unfit = || {
        given.iter().map(|(key, _)| key).find(|key| *key == "alertname" || check_tag_key("", key).is_err())
    };
    if let Some(key) = again.or_else(unfit) {
        return Err(SettingsError::new(field, format_args!("{:?}", excerpt(key)), KEY_RANGE));
    }
    let kept = sorted.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(kept.map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect())
}

/// A rule whose settings hold.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) text: Arc<RuleText>,
    pub(crate) input: Input,
    pub(crate) conditions: Conditions,
    pub(crate) hooks: Hooks,
    pub(crate) labels: Pairs,
}

#[cfg(test)]
mod tests;
