//! Requests that never come to an end.

use std::thread;
use std::time::{Duration, Instant};

use sidecar_harness::PATIENCE;
use sidecar_harness::http::Client;

use super::request;
use crate::routes::{full, start};

/// Beginnings of requests.
fn beginnings() -> Vec<String> {
    let whole = request("GET /live", &["X: 1"]);
    let cut = |end: usize| whole[..end].to_owned();
    let mut beginnings: Vec<String> = [1, 4, 9, 12, 19, 20, 24, 38].map(cut).into();
    beginnings.push(cut(whole.len() - 2));
    beginnings.push(cut(whole.len() - 1));
    beginnings.push("\r\n".repeat(50));
    beginnings.push(request("GET /startup", &[])[..30].to_owned());
    beginnings
}

#[test]
fn by_default_it_is_five_seconds_from_accept_to_a_head_whatever_trickles_in() {
    let server = start(full());
    thread::scope(|scope| {
        let begun = Instant::now();
        let closed_in_time = move || {
            let passed = begun.elapsed();
            assert!((Duration::from_secs(5)..PATIENCE).contains(&passed), "closed after {passed:?}");
        };
        let to = || Client::to(server.local_addr());
        for beginning in beginnings() {
            scope.spawn(move || {
                to().send(beginning).assert_closed_without_an_answer();
                closed_in_time();
            });
        }
        scope.spawn(move || {
            let mut dripping = to();
            dripping.send("GET /live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
            assert!(dripping.drip_until_closed(b'x', Duration::from_secs(1)));
            closed_in_time();
        });
        while begun.elapsed() < Duration::from_secs(5) {
            assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
}

#[test]
fn a_client_that_stops_within_a_head_is_not_answered() {
    let server = super::patient();
    for sent in beginnings() {
        Client::to(server.local_addr()).send(&sent).stop_sending().assert_closed_without_an_answer();
        assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200, "after {sent:?}");
    }
}

#[test]
fn a_client_that_stops_within_a_body_is_told_so() {
    let server = super::patient();
    let json = "Content-Type: application/json";
    let chunks = request("POST /events", &[json, "Transfer-Encoding: chunked"]);
    for (head, body) in [
        (request("POST /events", &[json, "Content-Length: 3"]), "{}"),
        (request("POST /events", &[json, "Content-Length: 3"]), ""),
        (chunks.clone(), ""),
        (chunks.clone(), "2"),
        (chunks.clone(), "1fffffffffffffff\r\n{}"),
        (chunks.clone(), "2\r\n{}\r\n"),
        (chunks.clone(), "2\r\n{}\r\n0\r\n"),
    ] {
        let mut client = Client::to(server.local_addr());
        client.send(head).send(body).stop_sending().reply().assert_error(400);
        client.assert_closed_without_an_answer();
        assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200, "after {body:?}");
    }
}
