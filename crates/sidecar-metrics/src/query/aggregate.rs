//! What is made of the points.

use sidecar_core::SettingsError;
use std::fmt;
use std::str::FromStr;

const ALLOWED: &str = "sum, avg, min, max, rate, last, or p0 to p100 such as p99.9";

/// What is made of the points of all matching series in one step, over series and time together.
///
/// A gauge's points are its values, once a second. A counter's points are its increases from one reading to the
/// next; a restart counts from zero. A histogram's are the values recorded between two readings. A point that is
/// NaN counts nowhere.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Aggregate {
    /// Counters: the increase. Histograms: the sum of what was recorded. Gauges: the average over time of each
    /// series, added up.
    Sum,
    /// The average of the points; of a histogram, of the recorded values.
    Avg,
    /// The smallest point. Not of a histogram, which keeps no single values: ask for a percentile's `lower`.
    Min,
    /// The largest point. Not of a histogram.
    Max,
    /// The increase per second of a counter, or the values recorded per second of a histogram: all that
    /// the readings saw by the time that they cover. Nothing is extrapolated. Not of a gauge.
    Rate,
    /// The newest value of each gauge or count of each counter, added up. Not of a histogram.
    Last,
    /// The value below which this part of the points lies, 0 to 1: of a histogram estimated inside its bucket,
    /// else the point itself. A point of the answer has `lower` and `upper`, between which the true value is.
    Percentile(f64),
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum => f.write_str("sum"),
            Self::Avg => f.write_str("avg"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Rate => f.write_str("rate"),
            Self::Last => f.write_str("last"),
            // Rounded, because 0.29 * 100 is not 29.
            Self::Percentile(rank) => write!(f, "p{}", (rank * 1e11).round() / 1e9),
        }
    }
}

/// The words that [`Display`](fmt::Display) writes; a percentile is `p99` or `p99.9`.
impl FromStr for Aggregate {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        Ok(match text {
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "min" => Self::Min,
            "max" => Self::Max,
            "rate" => Self::Rate,
            "last" => Self::Last,
            _ => {
                // Read with the point shifted, so that p99.9 is the 0.999 that a program writes.
                let rank = text.strip_prefix('p').and_then(|percent| format!("{percent}e-2").parse().ok());
                match rank.filter(|rank| (0.0..=1.0).contains(rank)) {
                    Some(rank) => Self::Percentile(rank),
                    None => return Err(SettingsError::new("aggregate", format!("{text:?}"), ALLOWED)),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for aggregate in [
            Aggregate::Sum,
            Aggregate::Avg,
            Aggregate::Min,
            Aggregate::Max,
            Aggregate::Rate,
            Aggregate::Last,
            Aggregate::Percentile(0.5),
            Aggregate::Percentile(0.0),
            Aggregate::Percentile(1.0),
            Aggregate::Percentile(0.29),
        ] {
            assert_eq!(aggregate.to_string().parse(), Ok(aggregate));
        }
        assert_eq!("p99.9".parse(), Ok(Aggregate::Percentile(0.999)));
    }

    #[test]
    fn other_words_are_refused_with_those_that_are_known() {
        for bad in ["", "mean", "p", "p-1", "p101", "pNaN", "99", "SUM"] {
            let error = bad.parse::<Aggregate>().expect_err(bad);
            assert_eq!((error.field(), error.allowed()), ("aggregate", ALLOWED));
        }
    }
}
