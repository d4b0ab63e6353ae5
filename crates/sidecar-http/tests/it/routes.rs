//! What each route answers.

use std::collections::BTreeMap;

use sidecar_http::{Answer, BreakerCommand, Endpoints, EndpointsBuilder, Exposition, Reader, Server};

use sidecar_harness::http::Client;

pub(crate) fn full() -> EndpointsBuilder {
    Endpoints::builder()
        .health(|reader| match reader {
            Reader::Trusted => Answer::json(true, "healthy, with texts"),
            _ => Answer::json(true, "healthy"),
        })
        .live(|| Answer::json(true, "live"))
        .ready(|| Answer::json(false, "not ready"))
        .startup(|| Answer::json(true, "started"))
        .metrics(|format| match format {
            Exposition::OpenMetrics => "jobs 1\n# EOF\n".to_owned(),
            _ => "jobs 1\n".to_owned(),
        })
        .metrics_history(|parameters| match &parameters[..] {
            [] => Err("name is not given"),
            _ => Ok(parameters),
        })
        .circuit_breakers(|| BTreeMap::from([("payments", "CLOSED")]))
        .performance(|| BTreeMap::from([("operations", 3)]))
        .config(|| BTreeMap::from([("enabled", true)]))
        .events_stats(|| BTreeMap::from([("events_received", 7)]))
        .status(|| BTreeMap::from([("alerts", 0)]))
        .config_reload(|| Ok::<_, String>(BTreeMap::from([("generation", 2)])))
        .breaker_commands(|command| match command {
            BreakerCommand::Trip("payments") => Some("OPEN"),
            BreakerCommand::Reset("payments") | BreakerCommand::ResetAll => Some("CLOSED"),
            _ => None,
        })
        .ingest(|batch| BTreeMap::from([("bytes", batch.body.len())]))
}

pub(crate) fn start(endpoints: EndpointsBuilder) -> Server {
    endpoints.serve("127.0.0.1:0").expect("a free port")
}

#[test]
fn every_route_answers_with_its_closure() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    let table = [
        ("/health", 200, r#""healthy""#),
        ("/live", 200, r#""live""#),
        ("/live?verbose", 200, r#""live""#),
        ("/ready", 503, r#""not ready""#),
        ("/startup", 200, r#""started""#),
        ("/metrics/history?name=jobs&tag.kind=a+%26b", 200, r#"[["name","jobs"],["tag.kind","a &b"]]"#),
        ("/metrics/history", 400, r#"{"error":"name is not given","status":400}"#),
        ("/circuit-breakers", 200, r#"{"payments":"CLOSED"}"#),
        ("/performance", 200, r#"{"operations":3}"#),
        ("/config", 200, r#"{"enabled":true}"#),
        ("/events/stats", 200, r#"{"events_received":7}"#),
        ("/status", 200, r#"{"alerts":0}"#),
    ];
    for (path, status, body) in table {
        let reply = client.ask(&format!("GET {path}"), &[]);
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{path}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn parameters_that_are_no_text_are_400() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    for query in ["a=%", "a=%ff", &"a&".repeat(65)] {
        client.ask(&format!("GET /metrics/history?{query}"), &[]).assert_error(400);
    }
}

#[test]
fn head_says_what_get_says_without_the_body() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    for path in ["/", "/health", "/live", "/ready", "/metrics", "/circuit-breakers", "/nowhere"] {
        let get = client.ask(&format!("GET {path}"), &[]);
        let head = client.ask(&format!("HEAD {path}"), &[]);
        assert_eq!(head.status, get.status, "{path}");
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    // The connection is still in step: a body after a HEAD would stand here.
    assert_eq!(client.ask("GET /live", &[]).status, 200);
}

#[test]
fn metrics_come_in_the_format_that_is_asked_for() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    let classic = client.ask("GET /metrics", &[]);
    assert_eq!(classic.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(classic.body, "jobs 1\n");
    let accept = "Accept: application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3";
    let openmetrics = client.ask("GET /metrics", &[accept]);
    let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(openmetrics.header("content-type"), Some(expected));
    assert_eq!(openmetrics.body, "jobs 1\n# EOF\n");
}

#[test]
fn a_route_without_its_closure_does_not_exist() {
    let server = start(Endpoints::builder());
    let mut client = Client::to(server.local_addr());
    let reading = [
        "/metrics",
        "/metrics/history",
        "/circuit-breakers",
        "/performance",
        "/config",
        "/events/stats",
        "/status",
    ];
    for path in ["/health", "/live", "/ready", "/startup"].into_iter().chain(reading) {
        client.ask(&format!("GET {path}"), &[]).assert_error(404);
    }
    client.ask("POST /events", &[]).assert_error(404);
    assert_eq!(client.ask("GET /", &[]).status, 200);
}

#[test]
fn unknown_paths_are_404() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    for path in ["/nowhere", "/health/", "//live", "/LIVE", "/live/../health", "/%6cive", "/config/"] {
        client.ask(&format!("GET {path}"), &[]).assert_error(404);
        client.ask(&format!("POST {path}"), &[]).assert_error(404);
    }
}

#[test]
fn another_method_is_405_and_the_right_ones_are_named() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    for (line, allow) in [
        ("POST /live", "GET, HEAD"),
        ("DELETE /metrics", "GET, HEAD"),
        ("OPTIONS /health", "GET, HEAD"),
        ("BREW /", "GET, HEAD"),
        ("GET /events", "POST"),
        ("PUT /events", "POST"),
    ] {
        let reply = client.ask(line, &[]);
        reply.assert_error(405);
        assert_eq!(reply.header("allow"), Some(allow), "{line}");
    }
}

#[test]
fn a_closure_that_panics_is_a_500_and_the_server_lives() {
    let server = start(
        full()
            .health(|_| panic!("the password is hunter2"))
            .metrics(|_| panic!("the password is hunter2"))
            .circuit_breakers(|| -> u8 { panic!("the password is hunter2") })
            .ingest(|_| -> u8 { panic!("the password is hunter2") }),
    );
    let mut client = Client::to(server.local_addr());
    for path in ["/health", "/metrics", "/circuit-breakers", "/health", "/metrics"] {
        let reply = client.ask(&format!("GET {path}"), &[]);
        reply.assert_error(500);
        assert!(!reply.body.contains("hunter2"));
    }
    client.post(&["Content-Type: application/json"], "{}").assert_error(500);
    assert_eq!(client.ask("GET /live", &[]).status, 200);
}
