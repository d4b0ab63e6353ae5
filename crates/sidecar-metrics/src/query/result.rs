//! The answer to a query.

use super::Aggregate;
use std::time::Duration;

/// What the history knows.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct QueryResult {
    /// The metric's name.
    pub name: String,
    /// What was made of the points.
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    pub aggregate: Aggregate,
    /// The distance of the points that were read: 1 s or 10 s.
    #[cfg_attr(feature = "serde", serde(rename = "resolution_seconds", serialize_with = "as_seconds"))]
    pub resolution: Duration,
    /// The step that was used; the range where none was set.
    #[cfg_attr(feature = "serde", serde(rename = "step_seconds", serialize_with = "as_seconds"))]
    pub step: Duration,
    /// When the first reading that the answer could use was made, in Unix seconds.
    pub from: u64,
    /// When the last reading was made, in Unix seconds; 0 if there was none.
    pub to: u64,
    /// One for each group, sorted by tags. Empty if no series matches.
    pub series: Vec<Series>,
}

/// The points of one group of series.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Series {
    /// The tags that the query groups by, without those that the series have not, sorted by key.
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_map"))]
    pub tags: Vec<(String, String)>,
    /// Oldest first. A step in which nothing was read has none.
    pub points: Vec<Point>,
}

/// One value of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Point {
    /// The end of its step, or the last reading if that is earlier, in Unix seconds.
    pub at: u64,
    /// The value. In JSON, what is not finite is `null`.
    pub value: f64,
    /// Of a percentile: the true value is not below this.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub lower: Option<f64>,
    /// Of a percentile: the true value is not above this.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub upper: Option<f64>,
}

#[cfg(feature = "serde")]
fn as_text<S: serde::Serializer>(aggregate: &Aggregate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(aggregate)
}

#[cfg(feature = "serde")]
fn as_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

#[cfg(feature = "serde")]
fn as_map<S: serde::Serializer>(tags: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tags.iter().map(|(key, value)| (key, value)))
}
