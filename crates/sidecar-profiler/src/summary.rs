//! Averages, maxima and percentiles over a window.

use crate::history::Point;
use crate::percentiles::Percentiles;
use crate::snapshot::{megabytes, percent};
use std::time::Duration;

/// What the readings of a window amount to. There is none of a window without readings.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Summary {
    /// How many readings it is made of.
    pub readings: usize,
    /// How much time they cover, in seconds: from the reading before the first of them to the last.
    pub covered_seconds: f64,
    /// CPU use of the process, in percent of one core.
    pub cpu_percent: Figures,
    /// Resident memory of the process, in MB.
    pub memory_mb: Figures,
    /// By how much the resident memory grew over the covered time, in MB; negative if it shrank.
    pub memory_growth_mb: f64,
    /// The sidecar's own CPU use, in percent of one core.
    pub own_cpu_percent: Figures,
    /// The sidecar's own accounted memory, in MB.
    pub own_memory_mb: Figures,
}

/// One figure over the readings of a window.
///
/// The average is weighted with time. A percentile is a reading, by the nearest-rank rule: the smallest one with at
/// least that share of the readings up to it. Its rank is right within [`PERCENTILE_ERROR`](crate::PERCENTILE_ERROR).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Figures {
    /// Average over time.
    pub average: f64,
    /// Largest reading.
    pub maximum: f64,
    /// Half of the readings are at most this.
    pub p50: f64,
    /// 95 of 100 readings are at most this.
    pub p95: f64,
    /// 99 of 100 readings are at most this.
    pub p99: f64,
}

impl Summary {
    pub(crate) fn of(points: &[Point]) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        let covered: u64 = points.iter().map(|point| point.span).sum();
        Some(Self {
            readings: points.len(),
            covered_seconds: Duration::from_nanos(covered).as_secs_f64(),
            cpu_percent: Figures::of(points, |point| percent(point.cpu_nanos, point.span))?,
            memory_mb: Figures::of(points, |point| megabytes(point.resident_bytes))?,
            memory_growth_mb: megabytes(last.resident_bytes) - megabytes(first.resident_bytes_before),
            own_cpu_percent: Figures::of(points, |point| percent(point.own_cpu_nanos, point.span))?,
            own_memory_mb: Figures::of(points, |point| megabytes(point.own_bytes))?,
        })
    }
}

impl Figures {
    fn of(points: &[Point], value: impl Fn(&Point) -> f64) -> Option<Self> {
        let covered: f64 = points.iter().map(|point| point.span as f64).sum();
        let weighted: f64 = points.iter().map(|point| value(point) * point.span as f64).sum();
        let percentiles = Percentiles::of(points.iter().map(&value));
        Some(Self {
            average: weighted / covered,
            maximum: points.iter().map(&value).max_by(f64::total_cmp)?,
            p50: percentiles.at(50)?,
            p95: percentiles.at(95)?,
            p99: percentiles.at(99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(span: u64, cpu_nanos: u64) -> Point {
        Point { span, cpu_nanos, ..Point::default() }
    }

    #[test]
    fn no_points_make_no_summary() {
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn a_long_interval_weighs_more_than_a_short_one() {
        let summary = Summary::of(&[point(1_000, 1_000), point(9_000, 0)]).expect("two points");
        assert_eq!((summary.cpu_percent.average, summary.cpu_percent.maximum), (10.0, 100.0));
    }

    #[test]
    fn percentiles_are_readings_of_the_nearest_rank() {
        let points: Vec<Point> = (1..=200).map(|n| point(1_000, n * 10)).collect();
        let cpu = Summary::of(&points).expect("200 points").cpu_percent;
        assert_eq!((cpu.p50, cpu.p95, cpu.p99, cpu.maximum), (100.0, 190.0, 198.0, 200.0));
    }

    proptest! {
        #[test]
        fn figures_are_ordered_and_within_the_readings(
            points in prop::collection::vec((1..10_000_000_000u64, 0..100_000_000_000u64), 1..80),
        ) {
            let points: Vec<Point> = points.into_iter().map(|(span, cpu)| point(span, cpu)).collect();
            let cpu = Summary::of(&points).expect("not empty").cpu_percent;
            let least = points.iter().map(|p| percent(p.cpu_nanos, p.span)).fold(f64::INFINITY, f64::min);
            prop_assert!(least <= cpu.p50 && cpu.p50 <= cpu.p95 && cpu.p95 <= cpu.p99);
            prop_assert!(cpu.p99 <= cpu.maximum);
            prop_assert!(least * 0.999_999 <= cpu.average && cpu.average <= cpu.maximum * 1.000_001);
        }
    }
}
