//! A query from the parameters of an address.

use super::{Query, QueryError};
use sidecar_core::SettingsError;
use std::time::Duration;

const PARAMETERS: &str = "one of name, last, step, aggregate, by and tag.KEY, each once but by";
const SECONDS: &str = "a number of seconds, or of minutes or hours as in 10m and 1h";

impl Query {
    /// The query that pairs of names and values ask for: `name`, `last` and `step` in seconds (or as `10m`, `1h`),
    /// `aggregate` as [`Aggregate`](crate::Aggregate) writes it, `by` as often as wanted, and `tag.KEY` for each tag to
    /// match. The pairs are decoded already. Only `name` must be there; the others default as in [`Query::new`].
    ///
    /// ```
    /// use sidecar_metrics::Query;
    ///
    /// let query = Query::from_pairs([("name", "runs"), ("last", "10m"), ("aggregate", "p99"), ("tag.kind", "a")]);
    /// assert!(query.is_ok());
    /// let error = Query::from_pairs([("name", "runs"), ("last", "0")]).unwrap_err();
    /// assert_eq!(error.to_string(), "last is 0 s, but must be from 1 s to 604800 s (7 days)");
    /// ```
    ///
    /// # Errors
    /// The first parameter that is unknown, given twice or out of range, with its value and what is allowed.
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, QueryError> {
        let mut query = Query::new("");
        let mut seen: Vec<String> = Vec::new();
        for (key, value) in pairs {
            let (key, value) = (key.as_ref(), value.as_ref());
            if key != "by" && seen.iter().any(|seen| seen == key) {
                return Err(unknown(key));
            }
            query = match key {
                "name" => Query { name: value.to_owned(), ..query },
                "last" => query.last(seconds("last", value)?),
                "step" => query.step(seconds("step", value)?),
                "aggregate" => query.aggregate(value.parse()?),
                "by" => query.by(value),
                _ => match key.strip_prefix("tag.") {
                    Some(tag) => query.tag(tag, value),
                    None => return Err(unknown(key)),
                },
            };
            seen.push(key.to_owned());
            // The rest need not be read once there is too much of it.
            query.check_tag_counts()?;
        }
        if !seen.iter().any(|seen| seen == "name") {
            return Err(SettingsError::new("name", "not given", "the name of a metric").into());
        }
        query.check()?;
        Ok(query)
    }
}

fn unknown(key: &str) -> QueryError {
    SettingsError::new("parameter", format!("{:?}", crate::error::excerpt(key)), PARAMETERS).into()
}

fn seconds(field: &'static str, text: &str) -> Result<Duration, SettingsError> {
    let (number, unit) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1.0),
        Some(b'm') => (&text[..text.len() - 1], 60.0),
        Some(b'h') => (&text[..text.len() - 1], 3_600.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| SettingsError::new(field, format!("{:?}", crate::error::excerpt(text)), SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Aggregate, MAX_QUERY_TAGS};

    #[test]
    fn every_parameter_is_taken() {
        let pairs = [
            ("name", "runs"),
            ("last", "10m"),
            ("step", "30"),
            ("aggregate", "p99.9"),
            ("tag.kind", "a b"),
            ("by", "host"),
            ("by", "zone"),
        ];
        let expected = Query::new("runs")
            .last(Duration::from_secs(600))
            .step(Duration::from_secs(30))
            .aggregate(Aggregate::Percentile(0.999))
            .tag("kind", "a b")
            .by("host")
            .by("zone");
        assert_eq!(Query::from_pairs(pairs), Ok(expected));
        assert_eq!(Query::from_pairs([("name", "runs")]), Ok(Query::new("runs")));
    }

    #[test]
    fn what_is_wrong_is_said_by_name_value_and_range() {
        let name = ("name", "runs");
        let cases = [
            (vec![], "name is not given, but must be the name of a metric"),
            (
                vec![name, ("last", "soon")],
                "last is \"soon\", but must be a number of seconds, or of minutes or hours as in 10m and 1h",
            ),
            (
                vec![name, ("last", "-5")],
                "last is \"-5\", but must be a number of seconds, or of minutes or hours as in 10m and 1h",
            ),
            (vec![name, ("last", "1000h")], "last is 3600000 s, but must be from 1 s to 604800 s (7 days)"),
            (vec![name, ("step", "0")], "step is 0 s, but must be from 1 s to the range, `last`"),
            (
                vec![name, ("aggregate", "mean")],
                "aggregate is \"mean\", but must be sum, avg, min, max, rate, last, or p0 to p100 such as p99.9",
            ),
            (
                vec![name, ("lst", "5")],
                "parameter is \"lst\", but must be one of name, last, step, aggregate, by and tag.KEY, each once but by",
            ),
            (
                vec![name, name],
                "parameter is \"name\", but must be one of name, last, step, aggregate, by and tag.KEY, each once but by",
            ),
        ];
        for (pairs, message) in cases {
            assert_eq!(Query::from_pairs(pairs).expect_err(message).to_string(), message);
        }
        assert!(matches!(Query::from_pairs([("name", "a b")]), Err(QueryError::Name(_))));
        let many = std::iter::once(name).chain((0..=MAX_QUERY_TAGS).map(|_| ("by", "host")));
        assert!(Query::from_pairs(many).is_err());
    }

    #[test]
    fn numbers_at_the_edge_of_a_character_are_refused() {
        for odd in ["", "s", "é", "1é", "nan", "inf", "1e400", "ms"] {
            assert!(Query::from_pairs([("name", "runs"), ("last", odd)]).is_err(), "{odd}");
        }
    }
}
