//! Request heads, well-formed and not.

use crate::routes::{full, start};
use sidecar_harness::http::Client;

#[test]
fn the_host_rule_table() {
    let server = start(full().allow_host("sidecar.internal"));
    for (host, status) in [
        ("127.0.0.1", 200),
        ("10.0.0.7:8080", 200),
        ("[::1]:8080", 200),
        ("localhost:1", 200),
        ("SIDECAR.internal:80", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
        ("", 421),
        ("a b", 421),
        ("é", 421),
    ] {
        let reply = Client::to(server.local_addr())
            .send(format!("GET /live HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .reply();
        assert_eq!(reply.status, status, "{host}");
        if status == 421 {
            reply.assert_error(421);
        }
    }
}

#[test]
fn the_host_that_is_listened_on_is_known_by_name() {
    let server = full().serve("LOCALHOST.:0").or_else(|_| full().serve("localhost:0")).expect("a port");
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
}

#[test]
fn a_client_that_has_stopped_sending_is_still_answered() {
    let server = start(full());
    for path in ["/live", "/metrics"] {
        let mut client = Client::to(server.local_addr());
        client.request(&format!("GET {path}"), &[]).stop_sending();
        assert_eq!(client.reply().status, 200);
        client.assert_closed_without_an_answer();
    }
}
