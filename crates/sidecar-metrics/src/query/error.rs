//! Why a query has no answer.

use super::Aggregate;
use crate::error::RegisterError;
use crate::kind::Kind;
use sidecar_core::SettingsError;
use std::fmt;

/// A query was refused. A metric that is not there is no error: the answer is empty.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum QueryError {
    /// No metric or tag can have this name.
    Name(RegisterError),
    /// A setting is out of range.
    Setting(SettingsError),
    /// Metrics of this kind have no such aggregate.
    Aggregate {
        /// The metric.
        name: String,
        /// Its kind.
        kind: Kind,
        /// What was asked for.
        aggregate: Aggregate,
    },
    /// Histograms with different buckets have no common percentile.
    MixedBuckets {
        /// The metric.
        name: String,
    },
    /// The answer, or what is sorted for it, would be larger than allowed.
    TooLarge {
        /// The metric.
        name: String,
        /// How many points are allowed.
        limit: usize,
    },
}

impl From<RegisterError> for QueryError {
    fn from(error: RegisterError) -> Self {
        Self::Name(error)
    }
}

impl From<SettingsError> for QueryError {
    fn from(error: SettingsError) -> Self {
        Self::Setting(error)
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Setting(error) => error.fmt(f),
            Self::Aggregate { name, kind, aggregate } => {
                write!(f, "aggregate is {aggregate}, but {name:?} is a {kind}, which has none")
            }
            Self::MixedBuckets { name } => write!(
                f,
                "series of the histogram {name:?} have different buckets: match or group by the tag that tells them apart"
            ),
            Self::TooLarge { name, limit } => write!(
                f,
                "the answer on {name:?} would take more than {limit} points: match more tags, group by fewer, or ask \
                 for a longer step or a shorter range"
            ),
        }
    }
}

// What is inside is shown in the text, so `source` stays empty: a report prints it once.
impl std::error::Error for QueryError {}
