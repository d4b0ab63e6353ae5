//! One alert: a rule and one of its series.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Keys and values, sorted by key.
pub(crate) type Pairs = Box<[(Box<str>, Box<str>)]>;

/// What the alerts of one rule share.
#[derive(Debug)]
pub(crate) struct RuleText {
    pub(crate) name: Box<str>,
    pub(crate) annotations: Pairs,
}

/// How far an alert is. What is more urgent is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AlertState {
    /// It is over, and the hooks have been told.
    Resolved,
    /// The condition holds, but not yet for as long as the rule's `hold`.
    Pending,
    /// The hooks have been told.
    Firing,
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        })
    }
}

/// Why an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlertReason {
    /// A value is beyond the threshold.
    Threshold,
    /// There has been no data for as long as the rule allows.
    NoData,
}

impl fmt::Display for AlertReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Threshold => "threshold",
            Self::NoData => "no data",
        })
    }
}

/// One alert at one moment: a rule and one of its series. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Alert {
    pub(crate) rule: Arc<RuleText>,
    pub(crate) labels: Arc<Pairs>,
    pub(crate) state: AlertState,
    pub(crate) reason: AlertReason,
    pub(crate) value: Option<f64>,
    pub(crate) since: SystemTime,
    pub(crate) fired_at: Option<SystemTime>,
    pub(crate) resolved_at: Option<SystemTime>,
}

impl Alert {
    /// The rule's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.rule.name
    }

    /// The series' tags and the rule's labels, sorted by key. Where both have a key, the rule's label stands.
    /// With the name they are what this alert is known by.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.labels.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The value of one label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels().find_map(|(at, value)| (at == key).then_some(value))
    }

    /// The rule's annotations, sorted by key.
    pub fn annotations(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.rule.annotations.iter().map(|(key, value)| (&**key, &**value))
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> AlertState {
        self.state
    }

    /// Why it fires; of a resolved one, why it did.
    #[must_use]
    pub fn reason(&self) -> AlertReason {
        self.reason
    }

    /// The last value that was read; `None` if there has never been one.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.value
    }

    /// When the condition began to hold, by the wall clock.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        self.since
    }

    /// When it began to fire, by the wall clock.
    #[must_use]
    pub fn fired_at(&self) -> Option<SystemTime> {
        self.fired_at
    }

    /// When it was over, by the wall clock.
    #[must_use]
    pub fn resolved_at(&self) -> Option<SystemTime> {
        self.resolved_at
    }
}
