//! Who may ask what, at a listening server.

use crate::routes::{full, start};
use sidecar_harness::http::Client;

const RIGHT: &str = "Authorization: Bearer secret";
const WRONG: &str = "Authorization: Bearer guess";
const JSON: &str = "Content-Type: application/json";

const PROBES: [&str; 4] = ["GET /health", "GET /live", "HEAD /ready", "GET /startup"];
const READING: [&str; 6] = [
    "GET /config",
    "GET /metrics/history?name=x",
    "HEAD /circuit-breakers",
    "GET /events/stats",
    "GET /",
    "HEAD /status/stream",
];
const COMMANDS: [&str; 4] = [
    "POST /config/reload",
    "POST /circuit-breakers/payments/trip",
    "POST /circuit-breakers/payments/reset",
    "POST /circuit-breakers/reset",
];

fn statuses<const N: usize>(client: &mut Client, lines: [&str; N], credentials: &[&str]) -> [u16; N] {
    lines.map(|line| match client.ask(line, credentials).status {
        // `/ready` says 503 of its own accord.
        503 => 200,
        status => status,
    })
}

fn post(client: &mut Client, credentials: &[&str]) -> u16 {
    let headers: Vec<&str> = credentials.iter().copied().chain([JSON]).collect();
    client.post(&headers, "{}").status
}

#[test]
fn the_access_matrix_holds_over_the_wire() {
    let loopback = start(full());
    let loopback_token = start(full().token("secret"));
    let elsewhere = full().allow_unauthenticated(true).serve("0.0.0.0:0").expect("a port");
    let elsewhere_token = full().token("secret").serve("0.0.0.0:0").expect("a port");
    let both = full().token("secret").allow_unauthenticated(true).serve("0.0.0.0:0").expect("a port");

    let none: &[&str] = &[];
    for (server, credentials, reading, events, commands) in [
        (&loopback, none, 200, 202, 404),
        (&loopback, &[WRONG], 200, 202, 404),
        (&loopback_token, none, 200, 202, 401),
        (&loopback_token, &[WRONG], 200, 202, 401),
        (&loopback_token, &[RIGHT], 200, 202, 200),
        (&elsewhere, none, 200, 404, 404),
        (&elsewhere, &[RIGHT], 200, 404, 404),
        (&elsewhere_token, none, 401, 401, 401),
        (&elsewhere_token, &[WRONG], 401, 401, 401),
        (&elsewhere_token, &[RIGHT], 200, 202, 200),
        (&both, none, 401, 401, 401),
        (&both, &[RIGHT], 200, 202, 200),
    ] {
        let context = format!("{} {credentials:?}", server.local_addr());
        let mut client = Client::to(server.local_addr());
        assert_eq!(statuses(&mut client, PROBES, credentials), [200; 4], "{context}");
        assert_eq!(statuses(&mut client, READING, credentials), [reading; 6], "{context}");
        assert_eq!(statuses(&mut client, COMMANDS, credentials), [commands; 4], "{context}");
        // A refused body closes the connection, so this one comes last.
        assert_eq!(post(&mut client, credentials), events, "{context}");
    }
}

#[test]
fn only_the_right_token_makes_a_health_reader_trusted() {
    for (server, credentials, expected) in [
        (start(full()), &[RIGHT][..], r#""healthy""#),
        (start(full().token("secret")), &[], r#""healthy""#),
        (start(full().token("secret")), &[WRONG], r#""healthy""#),
        (start(full().token("secret")), &[RIGHT], r#""healthy, with texts""#),
        (start(full().token("secret")), &[RIGHT, RIGHT], r#""healthy""#),
    ] {
        assert_eq!(
            Client::to(server.local_addr()).ask("GET /health", credentials).body,
            expected,
            "{credentials:?}"
        );
    }
}

#[test]
fn a_refusal_asks_for_a_bearer_token_and_hides_which_routes_there_are() {
    let server = full().token("secret").serve("0.0.0.0:0").expect("a port");
    let mut client = Client::to(server.local_addr());
    for line in ["GET /metrics", "GET /nowhere", "DELETE /metrics", "POST /config/reload"] {
        let reply = client.ask(line, &[]);
        reply.assert_error(401);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{line}");
    }
    client.ask("GET /nowhere", &[RIGHT]).assert_error(404);
    client.ask("DELETE /metrics", &[RIGHT]).assert_error(405);
    client.ask("DELETE /live", &[]).assert_error(405);
}
