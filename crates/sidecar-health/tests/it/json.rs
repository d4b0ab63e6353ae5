//! The document's JSON.

use serde_json::{Value, json};
use sidecar_health::{CheckOutcome, HealthReport};

use crate::support::{Rig, component};
use sidecar_harness::eventually;

fn render(report: &HealthReport) -> Value {
    serde_json::to_value(report).expect("a report is plain data")
}

#[test]
fn a_report_has_the_keys_of_the_document_before_and_after_the_first_check() {
    let rig = Rig::new(|builder| {
        builder.component(
            component("database", || CheckOutcome::unhealthy("refused")).critical(true).failure_threshold(1),
        )
    });
    let before = render(&rig.health.report());
    assert_eq!(before["status"], "unknown");
    assert_eq!(
        before["components"]["database"],
        json!({
            "status": "unknown", "last_check": null, "critical": true,
            "cause": "pending", "message": "there is no verdict yet",
        })
    );
    rig.run("database");
    let after = render(&rig.health.report());
    for report in [&before, &after] {
        for key in ["components", "status", "timestamp", "healthy_share"] {
            assert!(report.get(key).is_some(), "{key}");
        }
    }
    assert_eq!((&before["healthy_share"], &after["healthy_share"]), (&Value::Null, &json!(0.0)));
    assert_eq!(after["status"], "unhealthy");
    assert!(after["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    let database = &after["components"]["database"];
    assert!(database["last_check"].as_str().is_some_and(|time| time.ends_with('Z')));
    assert_eq!((&database["cause"], &database["message"]), (&json!("error"), &json!("refused")));
    assert_eq!(after["components"]["scheduler"]["cause"], Value::Null);
    assert_eq!(after["components"]["scheduler"]["message"], Value::Null);
}

#[test]
fn redaction_leaves_fixed_sentences_and_no_numbers() {
    let rig = Rig::new(|builder| {
        builder
            .component(component("queue", || CheckOutcome::degraded("10.0.0.7 lags").with_number("lag", 3.5)))
    });
    rig.run("queue");
    eventually("it is judged", || rig.runs("queue") == 1);
    let open = render(&rig.health.report());
    assert_eq!(open["components"]["queue"]["numbers"], json!({"lag": 3.5}));
    assert_eq!(open["components"]["queue"]["message"], "10.0.0.7 lags");
    let redacted = render(&rig.health.report().redacted());
    assert_eq!(redacted["components"]["queue"]["message"], "the check reports limits");
    assert_eq!(redacted["components"]["queue"].get("numbers"), None);
}
