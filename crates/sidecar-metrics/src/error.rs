//! Why a metric was refused.

use crate::kind::Kind;
use sidecar_core::SettingsError;
use std::fmt;

/// Most bytes of a refused name that an error repeats.
const EXCERPT_BYTES: usize = 128;

/// A metric, a tag or a definition was refused; nothing was registered or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// The name is outside `[a-zA-Z_:][a-zA-Z0-9_:]*`, or too long.
    InvalidName {
        /// The name.
        name: String,
    },
    /// The tag's key is outside `[a-zA-Z_][a-zA-Z0-9_]*`.
    InvalidTagKey {
        /// The metric.
        name: String,
        /// The key.
        key: String,
    },
    /// The tag's key belongs to the exposition formats: `le`, `quantile`, or `__` in front.
    ReservedTagKey {
        /// The metric.
        name: String,
        /// The key.
        key: String,
    },
    /// The same key was given twice.
    DuplicateTagKey {
        /// The metric.
        name: String,
        /// The key.
        key: String,
    },
    /// The name is a metric of another kind already.
    KindClash {
        /// The metric.
        name: String,
        /// Its kind.
        first: Kind,
        /// The kind that was asked for.
        wanted: Kind,
    },
    /// The metric would share the name of a sample with another one, as `x_count` does with a histogram `x`.
    SuffixClash {
        /// The refused metric.
        name: String,
        /// The metric that was there first.
        first: String,
        /// Its kind.
        first_kind: Kind,
    },
    /// The bounds of the buckets are not usable.
    Buckets {
        /// The histogram.
        name: String,
        /// What is wrong with them.
        error: SettingsError,
    },
    /// The histogram records into other buckets already.
    BucketsInUse {
        /// The histogram.
        name: String,
    },
    /// There are as many metrics as `max_series` allows.
    TooManyMetrics {
        /// The refused metric.
        name: String,
        /// How many are allowed.
        limit: usize,
    },
}

/// A refused text as an error holds it: whole if short, else its beginning.
pub(crate) fn excerpt(text: &str) -> String {
    text[..text.floor_char_boundary(EXCERPT_BYTES)].to_owned()
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName { name } => write!(
                f,
                "{name:?} is no metric name: it must match [a-zA-Z_:][a-zA-Z0-9_:]* and have at most {} bytes",
                crate::names::MAX_NAME_BYTES
            ),
            Self::InvalidTagKey { name, key } => {
                write!(f, "{key:?} is no tag key for {name:?}: it must match [a-zA-Z_][a-zA-Z0-9_]*")
            }
            Self::ReservedTagKey { name, key } => {
                write!(f, "{key:?} cannot be a tag key of {name:?}: the exposition formats use it")
            }
            Self::DuplicateTagKey { name, key } => write!(f, "tag {key:?} is given twice for {name:?}"),
            Self::KindClash { name, first, wanted } => {
                write!(f, "{name:?} is a {first} already and cannot be a {wanted} too")
            }
            Self::SuffixClash { name, first, first_kind } => {
                write!(f, "{name:?} would share a sample's name with the {first_kind} {first:?}")
            }
            Self::Buckets { name, error } => write!(f, "histogram {name:?}: {error}"),
            Self::BucketsInUse { name } => {
                write!(f, "histogram {name:?} records into other buckets already")
            }
            Self::TooManyMetrics { name, limit } => {
                write!(f, "{name:?} is one more than the {limit} metrics allowed")
            }
        }
    }
}

// `Buckets` shows the inner error in its own text, so `source` stays empty: a report prints it once.
impl std::error::Error for RegisterError {}
