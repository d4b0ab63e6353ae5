//! Metrics on their own: counters, gauges, histograms, and the text that Prometheus scrapes.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_metrics::{MetricsCollector, Unit};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let metrics = MetricsCollector::builder().max_series_per_metric(100).build()?;
    metrics.describe("tests_executed", Unit::Count, "Total number of tests executed");
    metrics.buckets("validation_duration_ms", &[50.0, 100.0, 250.0])?;

    metrics.increment("tests_executed", &[("framework", "pytest")]);
    metrics.set_gauge("active_transformations", 42.0, &[]);
    metrics.record_histogram("validation_duration_ms", 150.0, &[]);

    // On a hot path: resolve once, update without a lock.
    let counter = metrics.counter("tests_executed", &[("framework", "pytest")])?;
    (0..1_000).for_each(|_| counter.increment());

    // A user's text as a tag cannot grow the memory: beyond the bound everything goes to one series.
    for user in 0..1_000 {
        metrics.increment("logins_total", &[("user", &user.to_string())]);
    }
    assert_eq!(metrics.value("logins_total", &[("overflow", "true")]), Some(900.0));

    let text = metrics.export_prometheus();
    println!("{}", text.lines().filter(|line| !line.contains("user=")).collect::<Vec<_>>().join("\n"));
    assert!(text.contains("tests_executed{framework=\"pytest\"} 1001"));
    Ok(())
}
