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
fn http_1_1_needs_exactly_one_host_and_http_1_0_none() {
    let server = start(full());
    let ask = |head: &str| Client::to(server.local_addr()).send(format!("{head}\r\n\r\n")).reply();
    ask("GET /live HTTP/1.1").assert_error(400);
    ask("GET /live HTTP/1.1\r\nHost: localhost\r\nHost: localhost").assert_error(400);
    assert_eq!(ask("GET /live HTTP/1.0").status, 200);
    ask("GET /live HTTP/1.0\r\nHost: evil.example").assert_error(421);
}

#[test]
fn an_absolute_target_passes_the_host_rule_too() {
    let server = start(full());
    let ask = |target: &str| Client::to(server.local_addr()).ask(&format!("GET {target}"), &[]);
    assert_eq!(ask("http://localhost:80/live").status, 200);
    ask("http://evil.example/live").assert_error(421);
    ask("http://user@localhost/live").assert_error(421);
}

#[test]
fn a_head_that_is_too_large_is_a_431_in_json() {
    let server = start(full());
    let long = format!("X-Long: {}", "x".repeat(9000));
    Client::to(server.local_addr()).ask("GET /live", &[&long]).assert_error(431);
    let many: Vec<String> = (0..70).map(|n| format!("X-{n}: 1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    Client::to(server.local_addr()).ask("GET /live", &many).assert_error(431);
    // Far more than fits is answered too, although the client has not stopped sending.
    let mut client = Client::to(server.local_addr());
    client.send("GET /live HTTP/1.1\r\nX-Long: ").send("x".repeat(1 << 20));
    client.reply().assert_error(431);
    client.stop_sending().assert_closed_without_an_answer();
}

#[test]
fn a_malformed_head_is_a_400_in_json_and_the_connection_is_closed() {
    let server = start(full());
    for head in [
        "GET\r\n\r\n",
        "GET /live HTTP/9.9\r\n\r\n",
        "GET /live HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /li\0ve HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let mut client = Client::to(server.local_addr());
        let reply = client.send(head).reply();
        reply.assert_error(400);
        assert_eq!(reply.header("connection"), Some("close"), "{head:?}");
        client.stop_sending().assert_closed_without_an_answer();
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.send([one("/live"), one("/metrics"), one("/startup"), "junk\r\n\r\n".to_owned()].concat());
    assert_eq!(client.reply().body, r#""live""#);
    assert_eq!(client.reply().body, "jobs 1\n");
    assert_eq!(client.reply().body, r#""started""#);
    client.reply().assert_error(400);
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

#[test]
fn a_body_where_none_belongs_is_refused_and_the_connection_closed() {
    let server = start(full());
    for headers in [["Content-Length: 5"], ["Transfer-Encoding: chunked"]] {
        for (line, status) in [("GET /live", 400), ("GET /nowhere", 404), ("POST /live", 405)] {
            let mut client = Client::to(server.local_addr());
            let reply = client.ask(line, &headers);
            reply.assert_error(status);
            assert_eq!(reply.header("connection"), Some("close"), "{line}");
            client.stop_sending().assert_closed_without_an_answer();
        }
    }
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &["Content-Length: 0"]).status, 200);
}

#[test]
fn where_length_and_chunks_disagree_the_chunks_hold_and_nothing_comes_after() {
    let server = start(full());
    let json = "Content-Type: application/json";
    for framing in [
        ["Content-Length: 40", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 1"],
    ] {
        let mut client = Client::to(server.local_addr());
        client.request("POST /events", &[json, framing[0], framing[1]]).send("2\r\n{}\r\n0\r\n\r\n");
        assert_eq!(client.reply().body, r#"{"bytes":2}"#);
        // Whoever sent it may have meant what follows as something else.
        client.stop_sending().assert_closed_without_an_answer();
    }
    for coding in ["Transfer-Encoding: gzip", "Transfer-Encoding: chunked, gzip"] {
        Client::to(server.local_addr()).ask("POST /events", &[json, coding]).assert_error(400);
    }
}
