//! What Prometheus' own tool thinks, where it is installed.

use sidecar_metrics::{MetricsCollector, Unit};
use std::io::Write;
use std::process::{Command, Stdio};

/// Findings about names that the documents give, which are kept as they are.
const ALLOWED: [&str; 5] = [
    "tests_executed counter metrics should have \"_total\" suffix",
    "validation_duration_ms metric names should not contain abbreviated units",
    "sidecar_processing_latency_ms metric names should not contain abbreviated units",
    "sidecar_thread_count non-histogram and non-summary metrics should not have \"_count\" suffix",
    "sidecar_memory_usage_mb metric names should not contain abbreviated units",
];

#[test]
fn promtool_finds_nothing_beyond_the_documents_own_names() {
    let metrics = MetricsCollector::new();
    metrics.increment("tests_executed", &[("framework", "py\\te\"st\nx")]);
    metrics.increment("sidecar_events_total", &[("event_type", "é")]);
    metrics.describe("sidecar_events_total", Unit::Count, "Events \"received\"\\\n");
    metrics.record_histogram("validation_duration_ms", 150.0, &[]);
    metrics.record_histogram("sidecar_processing_latency_ms", 1e-9, &[]);
    metrics.record_histogram("sidecar_processing_latency_seconds", f64::INFINITY, &[("k", "v")]);
    for gauge in ["active_transformations", "sidecar_thread_count", "sidecar_memory_usage_mb"] {
        metrics.set_gauge(gauge, f64::NEG_INFINITY, &[]);
    }
    metrics.register_source(|out| {
        out.counter("sidecar_errors_total", "");
        out.gauge("sidecar_breaker_state", "").sample(&[("breaker", "a"), ("state", "open")], 1);
    });

    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = promtool.spawn() else {
        let _ = writeln!(std::io::stderr(), "skipped: promtool is not installed");
        return;
    };
    let mut input = child.stdin.take().expect("piped");
    input.write_all(metrics.export_prometheus().as_bytes()).expect("promtool reads");
    drop(input);
    let output = child.wait_with_output().expect("promtool ends");
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let other: Vec<&str> = said.lines().filter(|line| !ALLOWED.contains(line)).collect();
    assert!(other.is_empty(), "{other:#?}");
    // 3 says that there were findings, all of them allowed; 1 would be a text that does not parse.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", output.status);
    assert_eq!(metrics.errors(), 0);
}
