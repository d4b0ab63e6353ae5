//! Why a rule was refused.

use crate::query::QueryError;
use sidecar_core::SettingsError;
use std::{fmt, io};

/// A rule was refused; nothing of it is left.
#[derive(Debug)]
#[non_exhaustive]
pub enum AlertError {
    /// A setting of the rule is out of range.
    Setting {
        /// The rule, cut if its name is too long.
        rule: String,
        /// The setting.
        error: SettingsError,
    },
    /// The rule's query is refused.
    Query {
        /// The rule, cut if its name is too long.
        rule: String,
        /// Why.
        error: QueryError,
    },
    /// There is a rule of this name.
    Duplicate {
        /// The name.
        rule: String,
    },
    /// There are as many rules as a collector may have.
    TooManyRules {
        /// The refused rule.
        rule: String,
        /// How many are allowed.
        limit: usize,
    },
    /// The system has no room for the thread that hooks run on.
    Thread(io::Error),
}

impl fmt::Display for AlertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { rule, error } => write!(f, "alert rule {rule:?}: {error}"),
            Self::Query { rule, error } => write!(f, "alert rule {rule:?}: {error}"),
            Self::Duplicate { rule } => write!(f, "alert rule {rule:?} is there already"),
            Self::TooManyRules { rule, limit } => {
                write!(f, "alert rule {rule:?} is one more than the {limit} allowed")
            }
            Self::Thread(error) => write!(f, "the thread for alert hooks could not be started: {error}"),
        }
    }
}

// The cause is part of the text, so `source` stays empty: a report prints it once.
impl std::error::Error for AlertError {}
