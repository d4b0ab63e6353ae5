//! The documents' own examples.

use sidecar_metrics::{MetricsCollector, Unit};

fn documents_metrics() -> MetricsCollector {
    let metrics = MetricsCollector::new();
    metrics.describe("tests_executed", Unit::Count, "Total number of tests executed");
    metrics.describe("validation_duration_ms", Unit::Milliseconds, "Validation duration");
    metrics.buckets("validation_duration_ms", &[50.0, 100.0, 250.0]).expect("valid buckets");
    // 100 up to 50 ms, 150 more up to 100 ms, 50 more up to 250 ms; 15 000 ms together.
    for (times, value) in [(100, 5.0), (150, 60.0), (50, 110.0)] {
        (0..times).for_each(|_| metrics.record_histogram("validation_duration_ms", value, &[]));
    }
    metrics.increment_by("tests_executed", 1_234, &[("framework", "pytest")]);
    metrics
}

#[test]
fn the_classic_text_is_the_documents_text() {
    let expected = "\
# HELP tests_executed Total number of tests executed
# TYPE tests_executed counter
tests_executed{framework=\"pytest\"} 1234
# HELP validation_duration_ms Validation duration
# TYPE validation_duration_ms histogram
validation_duration_ms_bucket{le=\"50\"} 100
validation_duration_ms_bucket{le=\"100\"} 250
validation_duration_ms_bucket{le=\"250\"} 300
validation_duration_ms_bucket{le=\"+Inf\"} 300
validation_duration_ms_sum 15000
validation_duration_ms_count 300
";
    assert_eq!(documents_metrics().export_prometheus(), expected);
}

#[test]
fn openmetrics_has_the_same_names() {
    let expected = "\
# HELP tests_executed Total number of tests executed
# TYPE tests_executed unknown
tests_executed{framework=\"pytest\"} 1234
# HELP validation_duration_ms Validation duration
# TYPE validation_duration_ms histogram
validation_duration_ms_bucket{le=\"50.0\"} 100
validation_duration_ms_bucket{le=\"100.0\"} 250
validation_duration_ms_bucket{le=\"250.0\"} 300
validation_duration_ms_bucket{le=\"+Inf\"} 300
validation_duration_ms_sum 15000
validation_duration_ms_count 300
# EOF
";
    assert_eq!(documents_metrics().export_openmetrics(), expected);
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
