//! Since when a series counts: told in OpenMetrics, where it is asked for.

use crate::classic;
use crate::parser::{Format, parse};
use sidecar_metrics::MetricsCollector;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn filled(created_samples: bool) -> MetricsCollector {
    let metrics = MetricsCollector::builder().created_samples(created_samples).build().expect("valid");
    for at in ["a", "b"] {
        metrics.increment("counted_total", &[("at", at)]);
        metrics.record_histogram("h_seconds", 1.0, &[("at", at)]);
    }
    metrics.increment("unknown", &[]);
    metrics.set_gauge("g", 1.0, &[]);
    metrics.register_source(|out| {
        out.counter("counted_total", "").sample(&[("at", "source")], 1);
    });
    metrics
}

#[test]
fn nothing_says_it_unless_it_is_asked_for() {
    let metrics = filled(false);
    assert!(!metrics.export_openmetrics().contains("_created"));
    assert!(!filled(true).export_prometheus().contains("_created"));
    assert_eq!(MetricsCollector::new().export_openmetrics(), "# EOF\n");
}

#[test]
fn counters_and_histograms_of_the_registry_say_it_behind_their_own_values() {
    let metrics = filled(true);
    let text = metrics.export_openmetrics();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("_bucket"))
        .map(|line| line.split_once(' ').map_or(line, |(name, _)| name))
        .collect();
    let expected = [
        "counted_total{at=\"a\"}",
        "counted_created{at=\"a\"}",
        "counted_total{at=\"b\"}",
        "counted_created{at=\"b\"}",
        "counted_total{at=\"source\"}",
        "g",
        "h_seconds_sum{at=\"a\"}",
        "h_seconds_count{at=\"a\"}",
        "h_seconds_created{at=\"a\"}",
        "h_seconds_sum{at=\"b\"}",
        "h_seconds_count{at=\"b\"}",
        "h_seconds_created{at=\"b\"}",
        "unknown",
    ];
    assert_eq!(lines, expected);
    assert_eq!(metrics.export_openmetrics(), text, "it does not change");
    classic(&metrics);
}

#[test]
fn the_time_is_that_of_the_registration_in_seconds() {
    let text = filled(true).export_openmetrics();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let families = parse(&text, Format::OpenMetrics).expect("valid");
    let created =
        families.iter().flat_map(|family| &family.samples).filter(|own| own.0.ends_with("_created"));
    for (name, _, seconds) in created {
        // A day: a clock that is set meanwhile does not matter.
        let apart = now.abs_diff(Duration::from_secs_f64(*seconds));
        assert!(apart < Duration::from_secs(86_400), "{name} {seconds}");
    }
}
