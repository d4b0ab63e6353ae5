//! The shape that endpoints and the program show.

use crate::script::{MB, Next, Scene, reading};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn a_snapshot_is_one_object_with_the_own_share_inside() {
    let scene = Scene::new();
    scene.profiler.account("queue", || 2 * MB).expect("room");
    scene.a_second_later(reading(1_250, 64));
    let json = serde_json::to_value(scene.profiler.snapshot()).expect("serialises");
    assert_eq!(json["cpu_percent"], json!(25.0));
    assert_eq!(json["memory_mb"], json!(64.0));
    assert_eq!(json["thread_count"], Value::Null);
    assert_eq!(json["own"]["memory_mb"], json!(2.0));
    let time = json["time"].as_str().expect("text");
    assert!(sidecar_core::timestamp::parse_rfc3339(time).is_ok(), "{time}");
}

#[test]
fn figures_that_could_not_be_read_are_null() {
    let scene = Scene::beginning_with(Next::Fails, |builder| builder);
    let json = serde_json::to_value(scene.profiler.snapshot()).expect("serialises");
    assert_eq!((&json["cpu_percent"], &json["memory_mb"]), (&Value::Null, &Value::Null));
}

#[test]
fn reports_and_summaries_serialise_under_their_names() {
    let scene = Scene::new();
    scene.a_second_later(reading(1_250, 64));
    let report = serde_json::to_value(scene.profiler.is_over_budget()).expect("serialises");
    assert_eq!(report["cpu_over_budget"], json!(false));
    assert_eq!(report["max_memory_mb"], json!(100.0));
    let summary = scene.profiler.summary(Duration::from_secs(60));
    let summary = serde_json::to_value(summary).expect("serialises");
    assert_eq!(summary["cpu_percent"]["p95"], json!(25.0));
    assert_eq!(summary["memory_growth_mb"], json!(0.0));
}
