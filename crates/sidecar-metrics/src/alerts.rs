//! Alerts: rules on what is measured, and hooks that hear of each change once.

mod alert;
mod error;
mod machine;
mod rule;
mod set;

pub use alert::{Alert, AlertReason, AlertState};
pub use error::AlertError;
pub use rule::{AlertRule, MAX_ANNOTATION_BYTES, MAX_HOLD, MAX_LABELS, MAX_RULE_NAME_BYTES, Reading};
pub use set::MAX_ALERT_SERIES;
