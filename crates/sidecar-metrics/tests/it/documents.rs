//! The documents' own examples.

use sidecar_metrics::{Format, MetricsCollector, Unit};

/// The answer of `/metrics` as the document shows it.
const DOCUMENT: &str = r#"# HELP tests_executed Total number of tests executed
# TYPE tests_executed counter
tests_executed{framework="pytest"} 1234

# HELP validation_duration_ms Validation duration
# TYPE validation_duration_ms histogram
validation_duration_ms_bucket{le="50"} 100
validation_duration_ms_bucket{le="100"} 250
validation_duration_ms_sum 15000
validation_duration_ms_count 300
"#;

/// What it leaves out: the bucket of everything, which readers need.
const LAST_BUCKET: &str = "validation_duration_ms_bucket{le=\"+Inf\"} 300";

fn documents_metrics() -> MetricsCollector {
    let metrics = MetricsCollector::new();
    metrics.describe("tests_executed", Unit::Count, "Total number of tests executed");
    metrics.describe("validation_duration_ms", Unit::Milliseconds, "Validation duration");
    metrics.buckets("validation_duration_ms", &[50.0, 100.0]).expect("valid buckets");
    // 100 up to 50 ms, 150 more up to 100 ms, 50 above; 15 000 ms together.
    for (times, value) in [(100, 5.0), (150, 60.0), (50, 110.0)] {
        (0..times).for_each(|_| metrics.record_histogram("validation_duration_ms", value, &[]));
    }
    metrics.increment_by("tests_executed", 1_234, &[("framework", "pytest")]);
    metrics
}

#[test]
fn the_documents_text_is_rendered_line_for_line_in_both_formats() {
    let metrics = documents_metrics();
    let lines = DOCUMENT.lines().filter(|line| !line.is_empty());
    let classic: Vec<&str> = lines
        .flat_map(|line| {
            let before = line.starts_with("validation_duration_ms_sum").then_some(LAST_BUCKET);
            before.into_iter().chain([line])
        })
        .collect();
    let text = metrics.export(Format::Classic);
    assert_eq!(text.lines().collect::<Vec<_>>(), classic);

    // There a counter's name ends in `_total`, and a bound is written as a float; names and values are the same.
    let mut openmetrics: Vec<String> = classic
        .iter()
        .map(|line| line.replace("executed counter", "executed unknown").replace("0\"}", "0.0\"}"))
        .collect();
    openmetrics.push("# EOF".to_owned());
    let text = metrics.export(Format::OpenMetrics);
    assert_eq!(text.lines().collect::<Vec<_>>(), openmetrics);
}

#[test]
fn the_documents_calls_work_without_any_setting_up() {
    let metrics = MetricsCollector::new();
    metrics.increment("tests_executed", &[("framework", "pytest")]);
    metrics.set_gauge("active_transformations", 42.0, &[]);
    metrics.record_histogram("validation_duration_ms", 150.0, &[]);
    let text = metrics.export_prometheus();
    for line in [
        "# HELP tests_executed tests executed",
        "tests_executed{framework=\"pytest\"} 1",
        "# TYPE active_transformations gauge",
        "active_transformations 42",
        "validation_duration_ms_bucket{le=\"100\"} 0",
        "validation_duration_ms_bucket{le=\"250\"} 1",
        "validation_duration_ms_sum 150",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
    assert_eq!(metrics.errors(), 0);
}

#[test]
fn a_collector_with_nothing_in_it_exposes_nothing() {
    let metrics = MetricsCollector::new();
    assert_eq!(
        (metrics.export_prometheus().as_str(), metrics.export_openmetrics().as_str()),
        ("", "# EOF\n")
    );
    metrics.describe("described_only", Unit::Count, "Not used yet");
    assert!(metrics.families().is_empty());
}
