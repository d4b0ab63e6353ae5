//! Where OpenMetrics differs from the classic format.

use crate::{classic, openmetrics};
use sidecar_metrics::{MetricsCollector, Unit};

fn kinds(metrics: &MetricsCollector) -> Vec<(String, String)> {
    openmetrics(metrics).into_iter().map(|family| (family.name, family.kind)).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

#[test]
fn a_counter_named_total_is_the_family_without_it() {
    let metrics = MetricsCollector::new();
    metrics.increment("requests_total", &[]);
    assert_eq!(
        metrics.export_openmetrics(),
        "# HELP requests requests total\n# TYPE requests counter\nrequests_total 1\n# EOF\n"
    );
}

#[test]
fn a_counter_with_another_name_is_unknown_and_keeps_it() {
    let metrics = MetricsCollector::new();
    metrics.increment("requests", &[]);
    metrics.increment("_total", &[]);
    assert_eq!(kinds(&metrics), pairs(&[("_total", "unknown"), ("requests", "unknown")]));
}

#[test]
fn a_counter_whose_family_is_another_metric_keeps_its_name_too() {
    let metrics = MetricsCollector::new();
    metrics.set_gauge("jobs", 3.0, &[]);
    metrics.increment("jobs_total", &[]);
    metrics.set_gauge("runs_created", 3.0, &[]);
    metrics.increment("runs_total", &[]);
    metrics.record_histogram("size", 3.0, &[]);
    metrics.increment("size_count_total", &[]);
    metrics.increment("twice_total", &[]);
    metrics.increment("twice_total_total", &[]);
    metrics.increment("x_created_total", &[]);
    metrics.increment("x_total", &[]);
    let expected = [
        ("jobs", "gauge"),
        ("jobs_total", "unknown"),
        ("runs_created", "gauge"),
        ("runs_total", "unknown"),
        ("size", "histogram"),
        ("size_count_total", "unknown"),
        ("twice", "counter"),
        ("twice_total_total", "unknown"),
        ("x_created", "counter"),
        ("x_total", "unknown"),
    ];
    assert_eq!(kinds(&metrics), pairs(&expected));
    assert_eq!((metrics.errors(), classic(&metrics).len()), (0, expected.len()));
}

#[test]
fn every_sample_has_the_same_name_in_both_formats() {
    let metrics = MetricsCollector::new();
    metrics.increment("tests_executed", &[("framework", "pytest")]);
    metrics.increment("sidecar_events_total", &[("event_type", "login")]);
    metrics.set_gauge("sidecar_cpu_usage", 2.5, &[]);
    metrics.record_histogram("validation_duration_ms", 2.0, &[]);
    let names = |text: String| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split(['{', ' ']).next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(metrics.export_prometheus()), names(metrics.export_openmetrics()));
}

#[test]
fn a_unit_stands_where_the_name_ends_in_it() {
    let metrics = MetricsCollector::new();
    for name in ["a_seconds_total", "b_seconds", "c_duration", "seconds"] {
        metrics.increment(name, &[]);
        metrics.describe(name, Unit::Seconds, "Time");
    }
    let units: Vec<Option<String>> = openmetrics(&metrics).into_iter().map(|family| family.unit).collect();
    assert_eq!(units, [Some("seconds".to_owned()), Some("seconds".to_owned()), None, None]);
    assert!(!metrics.export_prometheus().contains("UNIT"));
}

#[test]
fn a_source_says_the_unit_of_what_nobody_registered() {
    let metrics = MetricsCollector::new();
    metrics.increment("registered_bytes_total", &[]);
    metrics.register_source(|out| {
        out.counter("registered_bytes_total", "").unit(Unit::Bytes);
        out.counter("a_seconds_total", "").unit(Unit::Seconds).sample(&[], 1);
        out.gauge("a_mebibytes", "").unit(Unit::Mebibytes).sample(&[], 1);
        out.histogram("h_seconds", "").unit(Unit::Seconds);
        out.gauge("not a name", "").unit(Unit::Seconds).sample(&[], 1);
    });
    let found = openmetrics(&metrics).into_iter().map(|family| (family.name, family.unit));
    let expected = [
        ("a_mebibytes", Some("mebibytes")),
        ("a_seconds", Some("seconds")),
        ("h_seconds", Some("seconds")),
        ("registered_bytes", None),
    ];
    let expected = expected.map(|(name, unit)| (name.to_owned(), unit.map(str::to_owned)));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_histogram_below_zero_has_no_sum_there() {
    let metrics = MetricsCollector::new();
    metrics.buckets("bounds_below", &[-1.0, 1.0]).expect("valid");
    metrics.record_histogram("bounds_below", 5.0, &[]);
    metrics.record_histogram("sum_below", -5.0, &[]);
    metrics.record_histogram("sum_nan", f64::INFINITY, &[]);
    metrics.record_histogram("sum_nan", f64::NEG_INFINITY, &[]);
    let text = metrics.export_openmetrics();
    assert!(!text.contains("_sum") && !text.contains("_count "), "{text}");
    assert_eq!(openmetrics(&metrics).len(), 3);
    assert_eq!(metrics.export_prometheus().matches("_sum ").count(), 3);
    classic(&metrics);
}

#[test]
fn it_ends_once() {
    let metrics = MetricsCollector::new();
    metrics.increment("a", &[("k", "\n# EOF\n")]);
    let text = metrics.export_openmetrics();
    assert_eq!(text.lines().filter(|line| *line == "# EOF").count(), 1);
    assert!(text.ends_with("\n# EOF\n"));
}
