//! Alerts: rules on what is measured, and hooks that hear of each change once.

mod alert;
#[cfg(feature = "alertmanager")]
mod alertmanager;
mod collector;
mod engine;
mod error;
mod hook;
mod machine;
mod notifier;
mod rule;
mod set;
mod stats;

pub use alert::{Alert, AlertReason, AlertState};
#[cfg(feature = "alertmanager")]
pub use alertmanager::{
    AlertmanagerBuilder, AlertmanagerHook, AlertmanagerStats, MAX_BACKLOG_ALERTS, PostError,
};
pub(crate) use engine::Engine;
pub use engine::{AlertsSnapshot, DEFAULT_ALERT_INTERVAL, MAX_ALERT_RULES};
pub use error::AlertError;
pub use hook::AlertHook;
pub use notifier::MAX_WAITING_NOTIFICATIONS;
pub use rule::{
    AlertRule, DEFAULT_KEEP_ABSENT_FOR, MAX_ALERT_HOOKS, MAX_ANNOTATION_BYTES, MAX_HOLD, MAX_LABELS,
    MAX_RULE_NAME_BYTES, Reading,
};
pub use set::MAX_ALERT_SERIES;
