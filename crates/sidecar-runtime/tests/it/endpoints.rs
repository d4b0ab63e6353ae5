//! The endpoints have the documents' shapes.

use crate::client::get;
use crate::support::{becomes, builder, everything, offer};
use serde_json::{Value, json};
use sidecar_harness::http::{Client, ask};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::breaker::State;
use sidecar_runtime::health::{Component, Status};
use sidecar_runtime::metrics::{AlertRule, Reading};
use sidecar_runtime::{Sidecar, observe};
use std::time::Instant;

fn serving() -> Sidecar {
    builder().http("127.0.0.1:0").start().expect("valid settings")
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn is_rfc3339(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

#[test]
fn health_has_the_document_s_json() {
    let sidecar = serving();
    sidecar.health().register(Component::new("database", || true).critical(true)).expect("a new name");
    becomes(&sidecar, "database", Status::Healthy);
    let reply = get(&sidecar, "/health");
    assert_eq!(reply.status, 200);
    let health = reply.json();
    assert_eq!(keys(&health), ["components", "healthy_share", "status", "timestamp"]);
    assert_eq!(health["healthy_share"], 1.0);
    assert_eq!(health["status"], "healthy");
    assert!(is_rfc3339(&health["timestamp"]), "{health}");
    let names = ["configuration", "database", "metrics", "objectives", "observer", "profiler", "scheduler"];
    assert_eq!(keys(&health["components"]), names);
    let database = &health["components"]["database"];
    assert_eq!(keys(database), ["cause", "critical", "last_check", "message", "status"]);
    assert_eq!((&database["status"], &database["critical"]), (&json!("healthy"), &json!(true)));
    assert!(is_rfc3339(&database["last_check"]), "{database}");
    assert_eq!((&database["cause"], &database["message"]), (&Value::Null, &Value::Null));
}

#[test]
fn before_its_first_check_a_component_is_unknown_with_both_keys() {
    let sidecar = serving();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let check = move || released.recv_timeout(PATIENCE).is_err();
    let slow = Component::new("database", check).critical(true).timeout(PATIENCE * 2);
    sidecar.health().register(slow).expect("a new name");
    let reply = get(&sidecar, "/health");
    let database = reply.json()["components"]["database"].clone();
    assert_eq!(
        (reply.status, &database["status"], &database["last_check"]),
        (503, &json!("unknown"), &Value::Null)
    );
    assert_eq!(database["cause"], "pending");
    assert_eq!(get(&sidecar, "/ready").status, 503);
    drop(release);
    eventually("it is ready", || get(&sidecar, "/ready").status == 200);
}

#[test]
fn the_status_decides_between_200_and_503() {
    let sidecar = serving();
    sidecar.health().register(Component::new("cache", || false).failure_threshold(1)).expect("a new name");
    becomes(&sidecar, "cache", Status::Unhealthy);
    let degraded = get(&sidecar, "/health");
    assert_eq!((degraded.status, &degraded.json()["status"]), (200, &json!("degraded")));
    assert_eq!(get(&sidecar, "/ready").status, 200);
    let critical = Component::new("database", || false).critical(true).failure_threshold(1);
    sidecar.health().register(critical).expect("a new name");
    becomes(&sidecar, "database", Status::Unhealthy);
    let unhealthy = get(&sidecar, "/health");
    assert_eq!((unhealthy.status, &unhealthy.json()["status"]), (503, &json!("unhealthy")));
    assert_eq!(get(&sidecar, "/ready").status, 503);
    assert_eq!(get(&sidecar, "/live").status, 200);
}

#[test]
fn the_probes_are_short() {
    let sidecar = serving();
    for (path, status) in [("/live", "live"), ("/ready", "ready"), ("/startup", "started")] {
        let reply = get(&sidecar, path);
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"status": status, "lifecycle": "running"})),
            "{path}"
        );
        assert!(reply.head.contains("cache-control: no-store"), "{reply:?}");
    }
}

#[test]
fn circuit_breakers_have_the_document_s_json() {
    let sidecar = serving();
    assert_eq!(get(&sidecar, "/circuit-breakers").json(), json!({}));
    let [failing, _quiet] = ["ai_transformation_api", "database"]
        .map(|name| sidecar.breakers().register(sidecar.breaker(name)).expect("a new name"));
    for _ in 0..2 {
        assert!(failing.call(|| Err::<(), _>(())).is_err());
    }
    let breakers = get(&sidecar, "/circuit-breakers").json();
    assert_eq!(keys(&breakers), ["ai_transformation_api", "database"], "the top level holds names alone");
    let failing_now = &breakers["ai_transformation_api"];
    assert_eq!((&failing_now["state"], &failing_now["failure_count"]), (&json!("CLOSED"), &json!(2)));
    assert!(is_rfc3339(&failing_now["last_failure"]), "{failing_now}");
    let quiet = &breakers["database"];
    assert_eq!((&quiet["state"], &quiet["failure_count"]), (&json!("CLOSED"), &json!(0)));
    assert_eq!(quiet.get("last_failure"), Some(&Value::Null));
    failing.trip();
    assert_eq!(get(&sidecar, "/circuit-breakers").json()["ai_transformation_api"]["state"], "OPEN");
}

#[test]
fn the_status_has_what_the_page_shows_beside_the_other_routes() {
    let sidecar = serving();
    let reading = || vec![Reading::new(&[("shelf", "<b>")], 6.0)];
    let rule = AlertRule::from_fn("High", reading).above(5.0).annotation("summary", "too high");
    sidecar.metrics().alert(rule).expect("the rule is valid");
    eventually("the alert", || sidecar.metrics().alerts().firing().count() == 1);
    let status = get(&sidecar, "/status").json();
    let names = ["alerts", "budget", "configuration", "process", "sampling", "shedding", "version"];
    assert_eq!(keys(&status), names);
    let alert = &status["alerts"]["alerts"][0];
    assert_eq!(
        (&alert["name"], &alert["state"], &alert["value"]),
        (&json!("High"), &json!("firing"), &json!(6.0))
    );
    assert_eq!(
        (&alert["labels"]["shelf"], &alert["annotations"]["summary"]),
        (&json!("<b>"), &json!("too high"))
    );
    assert!(is_rfc3339(&alert["since"]) && is_rfc3339(&alert["fired_at"]), "{alert}");
    assert_eq!(status["configuration"], json!({ "generation": 1, "is_refused": false }));
    assert_eq!(status["sampling"]["signals"][0]["signal"], "events");
    assert!(
        status["budget"]["max_cpu_percent"].is_number() && status["process"]["own"].is_object(),
        "{status}"
    );
}

#[test]
fn the_page_is_told_what_every_piece_knows() {
    let sidecar = serving();
    sidecar.breakers().register(sidecar.breaker("database")).expect("a new name").trip();
    assert!(get(&sidecar, "/").body.starts_with("<!doctype html>"));
    let mut client = Client::to(sidecar.local_addr().expect("it serves"));
    client.request("GET /status/stream", &[]).until("data: ");
    let document: Value = serde_json::from_str(&client.until("\n\n")).expect("JSON on one line");
    let parts = ["circuit_breakers", "events_stats", "health", "performance", "ready", "status"];
    assert!(parts.iter().all(|part| document[part].is_object()), "{document}");
    assert_eq!(document["circuit_breakers"]["database"]["state"], "OPEN");
    let begun = Instant::now();
    let _ = sidecar.stop(PATIENCE);
    assert!(begun.elapsed() < PATIENCE, "a stream does not hold up the end");
}

#[test]
fn with_the_token_breakers_are_tripped_and_reset() {
    let sidecar = builder()
        .http("127.0.0.1:0")
        .http_settings(|http| http.token("secret"))
        .start()
        .expect("valid settings");
    for name in ["database", "pay/ments"] {
        sidecar.breakers().register(sidecar.breaker(name)).expect("a new name");
    }
    let post = |path: &str, headers: &[&str]| {
        ask(sidecar.local_addr().expect("it serves"), &format!("POST /circuit-breakers/{path}"), headers, "")
    };
    let token = ["Authorization: Bearer secret"];
    assert_eq!(post("database/trip", &[]).status, 401);
    assert_eq!(sidecar.breakers().state_of("database"), Some(State::Closed));
    let tripped = post("pay%2Fments/trip", &token).json();
    assert_eq!((keys(&tripped), &tripped["pay/ments"]["state"]), (vec!["pay/ments"], &json!("OPEN")));
    assert_eq!(post("database/trip", &token).json()["database"]["state"], "OPEN");
    assert_eq!(post("database/reset", &token).json()["database"]["state"], "CLOSED");
    assert_eq!(sidecar.breakers().state_of("pay/ments"), Some(State::Open));
    assert_eq!(keys(&post("reset", &token).json()), ["database", "pay/ments"]);
    assert_eq!(sidecar.breakers().state_of("pay/ments"), Some(State::Closed));
    assert_eq!(post("absent/trip", &token).status, 404);
}

#[test]
fn a_second_server_has_the_same_routes_and_keeps_nothing_running() {
    let sidecar = builder().start().expect("valid settings");
    let server = sidecar.endpoints().prefix("/ops").serve("127.0.0.1:0").expect("a free port");
    let ready = || sidecar_harness::http::get(server.local_addr(), "/ops/ready").status;
    assert_eq!(ready(), 200);
    let _ = sidecar.stop(PATIENCE);
    assert_eq!(ready(), 503);
}

#[test]
fn config_is_what_is_in_force() {
    let config = get(&serving(), "/config").json();
    let expected = serde_json::to_value(everything()).expect("JSON");
    for section in ["runtime", "observability"] {
        assert_eq!(config[section], expected[section]);
    }
    let further =
        ["generation", "given", "observability", "refused", "runtime", "unregistered_critical_components"];
    assert_eq!(keys(&config), further);
    assert_eq!((&config["generation"], &config["refused"]), (&json!(1), &Value::Null));
    assert_eq!(
        config["given"],
        json!({"runtime.sidecar.sampling.events": {"value": "1.0", "origin": "code"}})
    );
    assert_eq!(config["runtime"]["sidecar"]["sampling"]["events"], 1.0);
}

#[test]
fn event_statistics_have_the_original_s_names() {
    let sidecar = serving();
    offer(|| observe!(sidecar, "test_end", test_id = "t1"));
    let _ = sidecar.observer().flush(PATIENCE);
    let reply = get(&sidecar, "/events/stats");
    let stats = reply.json();
    assert_eq!(reply.status, 200);
    for key in [
        "events_received",
        "events_sampled",
        "events_dropped",
        "events_processed",
        "errors",
        "queue_size",
        "queue_utilization",
    ] {
        assert!(stats[key].is_number(), "{key} in {stats}");
    }
    assert_eq!((&stats["events_processed"], &stats["queue_size"]), (&json!(1), &json!(0)));
    assert_eq!(stats["by_type"]["test_end"]["processed"], 1);
}

#[test]
fn metrics_come_in_the_format_that_was_asked_for() {
    let sidecar = serving();
    let address = sidecar.local_addr().expect("it serves");
    let classic = get(&sidecar, "/metrics");
    assert!(classic.head.contains("content-type: text/plain; version=0.0.4"), "{}", classic.head);
    assert!(classic.body.contains("# TYPE sidecar_events_total counter\n"));
    let open = ask(address, "GET /metrics", &["Accept: application/openmetrics-text;version=1.0.0"], "");
    assert!(open.head.contains("content-type: application/openmetrics-text"), "{}", open.head);
    assert!(open.body.ends_with("# EOF\n") && open.body.contains("# TYPE sidecar_events counter\n"));
}

#[test]
fn what_nobody_serves_is_a_404_in_json() {
    let sidecar = serving();
    let reply = get(&sidecar, "/nothing");
    assert_eq!((reply.status, &reply.json()["status"]), (404, &json!(404)));
    let address = sidecar.local_addr().expect("it serves");
    let events = ask(address, "POST /events", &["Content-Type: application/json"], "{}");
    assert_eq!(events.status, 404, "nobody takes events here");
}
