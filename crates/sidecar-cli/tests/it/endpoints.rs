//! What is served, while reading and while lingering.

use crate::hook::ABSENT;
use crate::program::{Outcome as _, RECORDING, Serving as _, run};
use sidecar_harness::eventually_some;
use sidecar_harness::http::{ask, get};
use sidecar_harness::process::Program;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// The series that are there from the first scrape on, with their types.
const SERIES: [(&str, &str); 16] = [
    ("sidecar_events_total", "counter"),
    ("sidecar_events_dropped_total", "counter"),
    ("sidecar_errors_total", "counter"),
    ("sidecar_queue_size", "gauge"),
    ("sidecar_cpu_usage", "gauge"),
    ("sidecar_memory_usage_mb", "gauge"),
    ("sidecar_thread_count", "gauge"),
    ("sidecar_processing_latency_ms", "histogram"),
    ("sidecar_processing_latency_seconds", "histogram"),
    ("sidecar_cpu_seconds_total", "counter"),
    ("sidecar_memory_bytes", "gauge"),
    ("process_cpu_seconds_total", "counter"),
    ("process_resident_memory_bytes", "gauge"),
    ("sidecar_breaker_state", "gauge"),
    ("sidecar_breaker_calls_total", "counter"),
    ("sidecar_health_status", "gauge"),
];

/// The documents' own names, which promtool would rather have otherwise.
const ALLOWED: [&str; 4] =
    ["sidecar_memory_usage_mb", "sidecar_processing_latency_ms", "sidecar_thread_count", "sidecar_cpu_usage"];

fn lingering() -> (Program, SocketAddr) {
    let words = [RECORDING, "--listen", "127.0.0.1:0", "--linger", "86400", "--webhook", ABSENT];
    let mut program = run(words).start();
    let address = program.address();
    eventually_some("the recording's end", || {
        (get(address, "/events/stats").json()["events_processed"] == 2_602).then_some(())
    });
    (program, address)
}

#[test]
fn everything_is_served_before_the_first_line_is_read() {
    let mut program = run(["-", "--listen", "127.0.0.1:0"]).stdin(Stdio::piped()).start();
    let address = program.address();
    let health = get(address, "/health");
    assert_eq!((health.status, &health.json()["status"]), (200, &"healthy".into()));
    assert!(health.json()["components"]["observer"]["last_check"].is_string());
    for path in ["/ready", "/live", "/startup", "/events/stats", "/circuit-breakers", "/metrics"] {
        assert_eq!(get(address, path).status, 200, "{path}");
    }
    assert_eq!(get(address, "/circuit-breakers").json(), serde_json::json!({}), "without a webhook");
    let mut stdin = program.stdin();
    stdin.write_all(b"{\"event_type\":\"x\"}\n").expect("it reads");
    eventually_some("the event", || {
        get(address, "/metrics").body.contains("sidecar_events_total{event_type=\"x\"} 1\n").then_some(())
    });
    drop(stdin);
    program.end().summary().assert_all_processed(1);
}

#[test]
fn the_series_are_all_there_at_the_first_scrape() {
    let words = ["-", "--listen", "127.0.0.1:0", "--webhook", ABSENT];
    let mut program = run(words).stdin(Stdio::piped()).start();
    let body = get(program.address(), "/metrics").body;
    for (name, kind) in SERIES {
        let help = format!("# HELP {name} ");
        assert_eq!(
            body.lines().filter(|line| line.starts_with(&help) && line.len() > help.len()).count(),
            1,
            "{name}"
        );
        assert!(body.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
        let sample =
            |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ', '_']));
        assert!(body.lines().any(sample), "{name} has no sample");
    }
    let dropped: BTreeSet<&str> = body
        .lines()
        .filter_map(|line| line.strip_prefix("sidecar_events_dropped_total{reason=\"")?.strip_suffix("\"} 0"))
        .collect();
    for reason in [
        "queue_full",
        "evicted",
        "contended",
        "bytes",
        "budget",
        "disabled",
        "stopped",
        "forked",
        "reentrant",
    ] {
        assert!(dropped.contains(reason), "{reason}");
    }
}

#[test]
fn a_browser_gets_the_status_page() {
    let (_program, address) = lingering();
    let page = get(address, "/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
}

#[test]
fn both_formats_of_the_metrics_are_what_they_say() {
    let (_program, address) = lingering();
    let classic = get(address, "/metrics");
    assert_eq!(classic.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(classic.header("cache-control"), Some("no-store"));
    assert!(classic.body.contains("sidecar_events_total{event_type=\"test_end\"} 1297\n"));
    assert!(!classic.body.contains("# EOF"));
    assert!(classic.body.contains("sidecar_processing_latency_ms_count 2602\n"));

    let accept = "Accept: application/openmetrics-text; version=1.0.0, text/plain; version=0.0.4; q=0.5";
    let open = ask(address, "GET /metrics", &[accept], b"");
    let content_type = open.header("content-type").expect("a type");
    assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"), "{content_type}");
    assert!(open.body.ends_with("# EOF\n"));
    assert!(open.body.contains("# TYPE sidecar_events counter\n"));
    assert!(open.body.contains("sidecar_events_total{event_type=\"test_end\"} 1297\n"));
}

#[test]
fn promtool_has_nothing_to_say_but_about_the_documents_own_names() {
    let (_program, address) = lingering();
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = promtool.spawn() else {
        let _ = writeln!(std::io::stderr(), "skipped: promtool is not installed");
        return;
    };
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(get(address, "/metrics").body.as_bytes()).expect("promtool reads");
    drop(stdin);
    let output = child.wait_with_output().expect("promtool ends");
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let allowed = |line: &str| ALLOWED.iter().any(|name| line.split(' ').next() == Some(name));
    let other: Vec<&str> = said.lines().filter(|line| !allowed(line)).collect();
    assert!(other.is_empty(), "{other:#?}");
    // 3 says that there were findings, all of them allowed; 1 would be a text that does not parse.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}: {said}", output.status);
}

#[test]
fn the_statistics_are_the_ledger() {
    let (program, address) = lingering();
    let stats = get(address, "/events/stats").json();
    for (name, count) in [
        ("events_received", 2_602),
        ("events_sampled", 2_602),
        ("events_processed", 2_602),
        ("events_dropped", 0),
        ("sampled_out", 0),
        ("queue_size", 0),
        ("errors", 0),
    ] {
        assert_eq!(stats[name], count, "{name}");
    }
    assert_eq!(stats["by_type"]["test_failure"]["processed"], 4);
    program.signal("TERM");
    program.end().summary().assert_all_processed(2_602);
}

#[test]
fn what_is_not_served_is_refused_in_json() {
    let (_program, address) = lingering();
    for (line, status) in [
        ("GET /nothing", 404),
        ("POST /config/reload", 404),
        ("POST /circuit-breakers/reset", 404),
        ("POST /circuit-breakers/webhook/trip", 404),
        ("POST /metrics", 405),
        ("DELETE /events", 405),
    ] {
        let reply = ask(address, line, &[], b"");
        assert_eq!((reply.status, &reply.json()["status"]), (status, &status.into()), "{line}");
    }
    assert_eq!(ask(address, "GET /metrics", &["Host: example.org"], b"").status, 421);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_serves_as_well_and_outlives_no_run() {
    use sidecar_harness::http::Client;
    let directory = tempfile::TempDir::new().expect("a directory");
    let path = directory.path().join("sidecar.sock");
    let address = format!("unix:{}", path.display());
    let start = || {
        let mut program = run(["--listen", &address]).start();
        assert_eq!(program.line("sidecar: serving on "), address);
        program
    };
    let first = start();
    let reply = Client::to_unix(&path).post(&["Content-Type: application/json"], r#"{"event_type":"x"}"#);
    assert_eq!((reply.status, &reply.json()["accepted"]), (202, &1.into()));
    run(["--listen", &address]).end().assert_refused(&[&address, "in use"]);
    first.signal("KILL");
    assert_eq!(first.end().code, None);
    assert!(path.exists(), "a killed program removes nothing");
    let second = start();
    assert_eq!(Client::to_unix(&path).ask("GET /live", &[]).status, 200);
    second.signal("TERM");
    second.end().summary().assert_all_processed(0);
    assert!(!path.exists());
}
