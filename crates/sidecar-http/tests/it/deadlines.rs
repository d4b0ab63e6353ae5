//! Slow and silent clients.

use std::time::{Duration, Instant};

use sidecar_http::{Endpoints, EndpointsBuilder, Server};

use crate::routes::{full, start};
use sidecar_harness::http::Client;

const SHORT: Duration = Duration::from_millis(300);
/// Never passes in a test.
const LONG: Duration = Duration::from_secs(3600);

fn short_head() -> EndpointsBuilder {
    full().head_deadline(SHORT).body_deadline(LONG).answer_deadline(LONG)
}

/// Lets the head deadline pass, as seen by the server.
fn pass_a_head_deadline(server: &Server) {
    Client::to(server.local_addr()).assert_closed_without_an_answer();
}

#[test]
fn a_silent_connection_is_closed_at_the_head_deadline() {
    let server = start(short_head());
    let begun = Instant::now();
    Client::to(server.local_addr()).assert_closed_without_an_answer();
    assert!(begun.elapsed() >= SHORT);
}

#[test]
fn a_head_that_trickles_in_is_closed_without_an_answer() {
    let server = start(short_head());
    let mut client = Client::to(server.local_addr());
    client.send("GET /live HTTP/1.1\r\nX-Slow: ");
    assert!(client.trickle_until_closed(b'x'));
}

#[test]
fn blank_lines_before_a_head_extend_nothing() {
    let server = start(short_head());
    assert!(Client::to(server.local_addr()).trickle_until_closed(b'\n'));
}

#[test]
fn an_idle_connection_is_closed_a_head_deadline_after_its_last_answer() {
    let server = start(short_head());
    let mut client = Client::to(server.local_addr());
    let begun = Instant::now();
    assert_eq!(client.ask("GET /live", &[]).status, 200);
    client.assert_closed_without_an_answer();
    assert!(begun.elapsed() >= SHORT);
}

#[test]
fn each_answer_gives_a_new_head_deadline() {
    let server = start(full().head_deadline(Duration::from_secs(3)));
    let mut client = Client::to(server.local_addr());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        assert_eq!(client.ask("GET /live", &[]).status, 200);
        assert!(client.is_silent_for(Duration::from_millis(50)));
    }
}

#[test]
fn a_body_that_trickles_in_is_closed_without_an_answer() {
    let server = start(full().head_deadline(LONG).body_deadline(SHORT).answer_deadline(LONG));
    let mut client = Client::to(server.local_addr());
    client.request("POST /events", &["Content-Type: application/json", "Content-Length: 1000000"]);
    assert!(client.trickle_until_closed(b'x'));
    let mut chunked = Client::to(server.local_addr());
    chunked.request("POST /events", &["Content-Type: application/json", "Transfer-Encoding: chunked"]);
    chunked.send("fffff\r\n");
    assert!(chunked.trickle_until_closed(b'x'));
}

#[test]
fn the_head_deadline_does_not_cut_a_body() {
    let server = start(short_head());
    let mut client = Client::to(server.local_addr());
    client.request("POST /events", &["Content-Type: application/json", "Content-Length: 2"]).send("{");
    pass_a_head_deadline(&server);
    assert_eq!(client.send("}").reply().status, 202);
}

/// Far more than the kernel buffers between two sockets.
pub(crate) const BIG: usize = 48 << 20;

pub(crate) fn big_metrics(endpoints: EndpointsBuilder) -> Server {
    start(endpoints.metrics(|_| "x".repeat(BIG)))
}

#[test]
fn a_slow_reader_keeps_its_answer_past_the_head_deadline() {
    let server = big_metrics(Endpoints::builder().head_deadline(SHORT));
    let mut client = Client::to(server.local_addr());
    client.request("GET /metrics", &[]);
    assert_eq!(client.head_reply().status, 200);
    pass_a_head_deadline(&server);
    pass_a_head_deadline(&server);
    assert!(client.until_closed().len() == BIG);
}

#[test]
fn a_reader_that_takes_nothing_is_cut_at_the_answer_deadline() {
    let server = big_metrics(Endpoints::builder().head_deadline(2 * SHORT).answer_deadline(SHORT));
    let mut client = Client::to(server.local_addr());
    client.request("GET /metrics", &[]);
    assert_eq!(client.head_reply().status, 200);
    pass_a_head_deadline(&server);
    assert!(client.until_closed().len() < BIG);
}
