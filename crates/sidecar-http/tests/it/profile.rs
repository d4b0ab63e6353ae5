//! `GET /debug/profile`: who may ask, one at a time, and what goes on beside it.

use std::time::Duration;

use sidecar_harness::Gate;
use sidecar_harness::http::Client;
use sidecar_http::{EndpointsBuilder, ProfileFormat};

use crate::routes::{full, start};

const RIGHT: &str = "Authorization: Bearer secret";
const WRONG: &str = "Authorization: Bearer guess";

/// Every route, and a profile that says what was asked for.
fn profiled() -> EndpointsBuilder {
    full().profile(|request| {
        let format = if request.format == ProfileFormat::Svg { "svg" } else { "pprof" };
        Ok::<_, String>(format!("{} s as {format}", request.duration.as_secs()).into_bytes())
    })
}

#[test]
fn with_the_token_it_is_answered_as_what_was_asked_for() {
    let server = start(profiled().token("secret"));
    let mut client = Client::to(server.local_addr());
    for (query, body, content_type) in [
        ("", "10 s as pprof", "application/octet-stream"),
        ("?seconds=60&format=pprof", "60 s as pprof", "application/octet-stream"),
        ("?format=svg&seconds=1", "1 s as svg", "image/svg+xml"),
    ] {
        let reply = client.ask(&format!("GET /debug/profile{query}"), &[RIGHT]);
        assert_eq!((reply.status, reply.body.as_str()), (200, body), "{query}");
        assert_eq!(reply.header("content-type"), Some(content_type));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    for query in ["seconds=0", "seconds=61", "seconds=x", "format=png", "second=1", "seconds=%ff"] {
        client.ask(&format!("GET /debug/profile?{query}"), &[RIGHT]).assert_error(400);
    }
    let reply = client.ask("POST /debug/profile", &[RIGHT]);
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn a_head_is_answered_without_taking_one() {
    let server = start(full().token("secret").profile(|_| -> Result<Vec<u8>, String> {
        panic!("a profile was taken");
    }));
    let mut client = Client::to(server.local_addr());
    for (query, content_type) in
        [("", "application/octet-stream"), ("?format=svg&seconds=60", "image/svg+xml")]
    {
        let reply = client.ask(&format!("HEAD /debug/profile{query}"), &[RIGHT]);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)), "{query}");
        assert_eq!((reply.header("content-length"), reply.header("cache-control")), (None, Some("no-store")));
    }
    for (query, headers, status) in [("?seconds=61", &[RIGHT][..], 400), ("", &[], 401), ("", &[WRONG], 401)]
    {
        let reply = client.ask(&format!("HEAD /debug/profile{query}"), headers);
        assert_eq!(reply.status, status, "{query} {headers:?}");
    }
    assert_eq!(client.ask("GET /live", &[]).status, 200, "the connection is in step");
}

#[test]
fn it_needs_the_token_on_loopback_too_and_without_one_does_not_exist() {
    let path = "GET /debug/profile?seconds=1";
    let without = start(profiled());
    Client::to(without.local_addr()).ask(path, &[]).assert_error(404);
    Client::to(without.local_addr()).ask(path, &[RIGHT]).assert_error(404);
    assert!(!Client::to(without.local_addr()).ask("GET /", &[]).body.contains("/debug/profile"));
    let open = profiled().allow_unauthenticated(true).serve("0.0.0.0:0").expect("a port");
    Client::to(open.local_addr()).ask(path, &[]).assert_error(404);

    let with = start(profiled().token("secret"));
    for headers in [&[][..], &[WRONG], &[RIGHT, RIGHT]] {
        Client::to(with.local_addr()).ask(path, headers).assert_error(401);
    }
    let unprofiled = start(full().token("secret"));
    Client::to(unprofiled.local_addr()).ask(path, &[RIGHT]).assert_error(404);
}

#[test]
fn what_is_refused_is_503_and_says_why() {
    let refusing = full().token("secret").profile(|_| Err::<Vec<u8>, _>("over \"the\" budget"));
    let server = start(refusing);
    let reply = Client::to(server.local_addr()).ask("GET /debug/profile", &[RIGHT]);
    reply.assert_error(503);
    assert_eq!(reply.json()["error"], "over \"the\" budget");
}

#[test]
fn a_second_one_is_409_and_probes_and_readers_are_answered_meanwhile() {
    let gate = Gate::default();
    let inside = gate.clone();
    let server = start(full().token("secret").profile(move |_| {
        inside.enter();
        Ok::<_, String>(b"done".to_vec())
    }));
    let mut first = Client::to(server.local_addr());
    first.request("GET /debug/profile?seconds=60", &[RIGHT]);
    gate.wait_until_held();
    let mut client = Client::to(server.local_addr());
    client.ask("GET /debug/profile", &[RIGHT]).assert_error(409);
    for path in ["/live", "/metrics", "/metrics/history?name=x", "/circuit-breakers"] {
        assert_eq!(client.ask(&format!("GET {path}"), &[]).status, 200, "{path}");
    }
    assert_eq!(client.ask("POST /config/reload", &[RIGHT]).status, 200);
    gate.open();
    assert_eq!(first.reply().body, "done");
    assert_eq!(client.ask("GET /debug/profile", &[RIGHT]).status, 200, "the next one has its turn");
}

#[test]
fn a_panic_is_500_and_the_next_one_has_its_turn() {
    let server = start(full().token("secret").profile(|request| match request.format {
        ProfileFormat::Svg => panic!("while it is taken"),
        _ => Ok::<_, String>(b"done".to_vec()),
    }));
    let mut client = Client::to(server.local_addr());
    client.ask("GET /debug/profile?format=svg", &[RIGHT]).assert_error(500);
    assert_eq!(client.ask("GET /debug/profile", &[RIGHT]).status, 200);
}

#[test]
fn the_answer_s_deadline_counts_from_the_end_of_the_profile() {
    let gate = Gate::default();
    let inside = gate.clone();
    let short = full().answer_deadline(Duration::from_millis(100)).token("secret").profile(move |_| {
        inside.enter();
        Ok::<_, String>(b"done".to_vec())
    });
    let server = start(short);
    let mut client = Client::to(server.local_addr());
    client.request("GET /debug/profile?seconds=60", &[RIGHT]);
    gate.wait_until_held();
    assert!(client.is_silent_for(Duration::from_millis(400)), "not closed at the deadline of other answers");
    gate.open();
    assert_eq!(client.reply().body, "done");
}
