//! The shape that endpoints and the program show.

use crate::monitor;
use serde_json::{Value, json};
use sidecar_perf::Completion;
use std::time::Duration;

#[test]
fn the_window_is_at_the_top_and_the_start_inside() {
    let (monitor, hand) = monitor(|builder| builder);
    let operation = monitor.operation("transform_test");
    operation.record(Duration::from_millis(150), Completion::Success);
    hand.increment(Duration::from_secs(2));
    let json = serde_json::to_value(monitor.operation_metrics("transform_test")).expect("serialises");
    assert_eq!(json["name"], json!("transform_test"));
    for key in ["latency_min", "latency_avg", "latency_max", "latency_p50", "latency_p95", "latency_p99"] {
        assert_eq!((&json[key], &json["since_start"][key]), (&json!(150.0), &json!(150.0)), "{key}");
    }
    let counts = ["count", "successes", "failures", "cancelled", "panicked", "in_flight", "samples"];
    assert_eq!(counts.map(|key| json[key].clone()), [1, 1, 0, 0, 0, 0, 1].map(|count| json!(count)));
    assert_eq!((&json["throughput"], &json["error_rate"]), (&json!(0.5), &json!(0.0)));
    let percentile = json!({ "quantile": 0.95, "value": 150.0, "lower": 150.0, "upper": 150.0 });
    assert_eq!(json["percentiles"][1], percentile);
}

#[test]
fn what_is_not_known_is_null() {
    let (monitor, _) = monitor(|builder| builder);
    let _ = monitor.operation("idle");
    let json = serde_json::to_value(monitor.snapshot()).expect("serialises");
    for key in ["latency_p50", "latency_avg", "error_rate", "throughput", "polls_avg"] {
        assert_eq!(json[0][key], Value::Null, "{key}");
    }
    assert_eq!(json[0]["percentiles"], json!([]));
}
