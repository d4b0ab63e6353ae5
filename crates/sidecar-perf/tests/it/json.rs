//! The JSON of metrics.

use crate::support::{metrics, monitor, ms};
use sidecar_perf::Completion;

#[test]
fn the_names_are_those_of_the_document() {
    let (monitor, hand) = monitor(|b| b.percentiles([0.5, 0.95, 0.99, 0.999]));
    let operation = monitor.operation("transform_test");
    for _ in 0..3 {
        operation.record(ms(40), Completion::Success);
    }
    operation.record(ms(8), Completion::Failure);
    let _open = operation.start();
    hand.increment(ms(2_000));
    let json = serde_json::to_value(metrics(&monitor, "transform_test")).expect("it is plain data");
    let expected = serde_json::json!({
        "name": "transform_test",
        "in_flight": 1,
        "window_seconds": 2.0,
        "count": 4, "successes": 3, "failures": 1, "cancelled": 0, "panicked": 0,
        "error_rate": 0.25,
        "throughput": 2.0,
        "samples": 4,
        "latency_min": 8.0, "latency_max": 40.0, "latency_avg": 32.0,
        "latency_p50": 40.0, "latency_p95": 40.0, "latency_p99": 40.0,
    });
    for (key, value) in expected.as_object().expect("it is one") {
        assert_eq!(json[key], *value, "{key} in {json}");
    }
    let tail = &json["percentiles"][3];
    assert_eq!((tail["quantile"].as_f64(), tail["value"].as_f64()), (Some(0.999), Some(40.0)));
    assert!(tail["lower"].as_f64() <= Some(40.0) && tail["upper"].as_f64() >= Some(40.0), "{tail}");
    assert_eq!(json["since_start"]["latency_p95"], 40.0);
    assert_eq!(json["since_start"]["seconds"], 2.0);
}

#[test]
fn what_was_not_measured_is_null() {
    let (monitor, _) = monitor(|b| b);
    let _ = monitor.operation("idle");
    let json = serde_json::to_value(monitor.snapshot()).expect("it is plain data");
    for key in ["latency_min", "latency_avg", "latency_p95", "error_rate"] {
        assert!(json[0].as_object().is_some_and(|metrics| metrics[key].is_null()), "{key} in {json}");
    }
}
