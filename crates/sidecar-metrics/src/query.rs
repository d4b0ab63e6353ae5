//! Questions to the history: which metric, over which time, aggregated how.

mod aggregate;
mod error;
mod result;

pub use aggregate::Aggregate;
pub use error::QueryError;
pub use result::{Point, QueryResult, Series};

use crate::names::{check_name, check_tag_key};
use sidecar_core::SettingsError;
use std::time::Duration;

/// How far back a query looks unless set.
pub const DEFAULT_RANGE: Duration = Duration::from_secs(300);

/// How far back a query can look.
pub const MAX_RANGE: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Most steps of a query: its range by its step.
pub const MAX_STEPS: u64 = 11_000;

/// Most tags that a query names, those to match and those to group by counted apart.
pub const MAX_QUERY_TAGS: usize = 16;

/// A question to the history of one metric, for [`MetricsCollector::query`](crate::MetricsCollector::query).
///
/// What is set is checked when the query is asked, or by [`check`](Self::check).
///
/// ```
/// use sidecar_metrics::{Aggregate, Query};
/// use std::time::Duration;
///
/// let query = Query::new("tests_executed")
///     .tag("framework", "pytest")
///     .by("result")
///     .last(Duration::from_secs(600))
///     .step(Duration::from_secs(10))
///     .aggregate(Aggregate::Rate);
/// assert!(query.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a query does nothing until it is asked"]
pub struct Query {
    pub(crate) name: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) by: Vec<String>,
    pub(crate) last: Duration,
    pub(crate) step: Option<Duration>,
    pub(crate) aggregate: Aggregate,
}

impl Query {
    /// Asks for the metric of this name: all of its series, over the last 5 minutes, their average.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            tags: Vec::new(),
            by: Vec::new(),
            last: DEFAULT_RANGE,
            step: None,
            aggregate: Aggregate::Avg,
        }
    }

    /// Only series whose tag `key` is `value`; each call narrows further. An empty value asks for series
    /// without the tag.
    ///
    /// At most [`MAX_QUERY_TAGS`] calls.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Keeps series apart whose tag `key` differs; each call divides further. Those without the tag are together.
    ///
    /// At most [`MAX_QUERY_TAGS`] calls. Defaults to one answer over all matching series.
    pub fn by(mut self, key: impl Into<String>) -> Self {
        self.by.push(key.into());
        self
    }

    /// How far back from the last reading, rounded up to whole seconds.
    ///
    /// Defaults to [`DEFAULT_RANGE`]. From 1 s to [`MAX_RANGE`].
    pub fn last(mut self, range: Duration) -> Self {
        self.last = range;
        self
    }

    /// One point for each step, rounded up to whole seconds, and to ten of them where the range is answered
    /// from ten-second points.
    ///
    /// Defaults to one point over the whole range. From 1 s to the range, of which there may be at most
    /// [`MAX_STEPS`].
    pub fn step(mut self, step: Duration) -> Self {
        self.step = Some(step);
        self
    }

    /// What is made of the points, over the series and the time together.
    ///
    /// Defaults to [`Aggregate::Avg`].
    pub fn aggregate(mut self, aggregate: Aggregate) -> Self {
        self.aggregate = aggregate;
        self
    }

    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether all that is set is within its range.
    ///
    /// # Errors
    /// The first thing that is not, by name, value and range.
    pub fn check(&self) -> Result<(), QueryError> {
        check_name(&self.name)?;
        for keys in [self.tags.len(), self.by.len()] {
            if keys > MAX_QUERY_TAGS {
                return Err(SettingsError::new("tags", keys, "at most 16").into());
            }
        }
        for key in self.tags.iter().map(|(key, _)| key).chain(&self.by) {
            check_tag_key(&self.name, key)?;
        }
        if !(Duration::from_secs(1)..=MAX_RANGE).contains(&self.last) {
            return Err(
                SettingsError::new("last", seconds(self.last), "from 1 s to 604800 s (7 days)").into()
            );
        }
        self.check_step()?;
        match self.aggregate {
            Aggregate::Percentile(rank) if !(0.0..=1.0).contains(&rank) => {
                Err(SettingsError::new("percentile", rank, "from 0 to 1").into())
            }
            _ => Ok(()),
        }
    }

    fn check_step(&self) -> Result<(), SettingsError> {
        let Some(step) = self.step else { return Ok(()) };
        if !(Duration::from_secs(1)..=self.last).contains(&step) {
            return Err(SettingsError::new("step", seconds(step), "from 1 s to the range, `last`"));
        }
        let steps = whole_seconds(self.last).div_ceil(whole_seconds(step));
        if steps > MAX_STEPS {
            return Err(SettingsError::new(
                "step",
                seconds(step),
                "at least an 11000th of the range, `last`",
            ));
        }
        Ok(())
    }
}

/// A duration in whole seconds, rounded up.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: Query) -> (&'static str, String) {
        match query.check().expect_err("out of range") {
            QueryError::Setting(error) => (error.field(), error.value().to_owned()),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused_by_name() {
        let query = || Query::new("m");
        let long = MAX_RANGE + Duration::from_secs(1);
        assert_eq!(refused(query().last(Duration::ZERO)), ("last", "0 s".into()));
        assert_eq!(refused(query().last(Duration::from_millis(999))), ("last", "0.999 s".into()));
        assert_eq!(refused(query().last(long)), ("last", "604801 s".into()));
        assert_eq!(refused(query().step(Duration::ZERO)), ("step", "0 s".into()));
        assert_eq!(refused(query().step(Duration::from_secs(301))), ("step", "301 s".into()));
        let fine = query().last(MAX_RANGE).step(Duration::from_secs(54));
        assert_eq!(refused(fine), ("step", "54 s".into()));
        for rank in [-0.1, 1.1, f64::NAN] {
            assert_eq!(refused(query().aggregate(Aggregate::Percentile(rank))).0, "percentile");
        }
        let tags = (0..=MAX_QUERY_TAGS).fold(query(), |query, n| query.by(format!("k{n}")));
        assert_eq!(refused(tags), ("tags", "17".into()));
    }

    #[test]
    fn the_ends_of_the_ranges_are_allowed() {
        let day = Duration::from_secs(55);
        for good in [
            Query::new("m").last(Duration::from_secs(1)).step(Duration::from_secs(1)),
            Query::new("m").last(MAX_RANGE).step(day),
            Query::new("m").last(MAX_RANGE).step(MAX_RANGE),
            Query::new("m").aggregate(Aggregate::Percentile(0.0)),
            Query::new("m").aggregate(Aggregate::Percentile(1.0)),
        ] {
            assert_eq!(good.check(), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn names_and_tags_are_those_that_a_series_can_have() {
        for bad in
            [Query::new("a b"), Query::new(""), Query::new("m").tag("a b", ""), Query::new("m").by("le")]
        {
            assert!(matches!(bad.check(), Err(QueryError::Name(_))), "{bad:?}");
        }
    }
}
