//! The history and queries to it, in virtual time.

mod bound;
mod cases;
mod churn;
mod live;
mod model;

use sidecar_metrics::{Aggregate, MetricsCollector, Query, QueryError, QueryResult};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ask(metrics: &MetricsCollector, query: &Query) -> QueryResult {
    metrics.query(query).unwrap_or_else(|error| panic!("{query:?}: {error}"))
}

/// The one value of an answer with one group and one point.
fn one(metrics: &MetricsCollector, query: &Query) -> f64 {
    let answer = ask(metrics, query);
    match &answer.series[..] {
        [series] if series.points.len() == 1 => series.points[0].value,
        other => panic!("{query:?}: {other:?}"),
    }
}

/// Values with their seconds before the last reading.
fn ages(answer: &QueryResult, series: usize) -> Vec<(u64, f64)> {
    answer.series[series].points.iter().map(|point| (answer.to - point.at, point.value)).collect()
}
