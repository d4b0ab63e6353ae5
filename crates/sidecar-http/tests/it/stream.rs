//! The stream that the status page reads.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sidecar_harness::http::Client;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_http::{Answer, Endpoints, EndpointsBuilder, Reader, Server};

use crate::routes::{full, start};

const STREAM: &str = "GET /status/stream";
/// Streams at one time.
const CAP: usize = 16;
/// More than stands between two sockets.
const BIG: usize = 8 << 20;
/// Never passes in a test.
const LONG: Duration = Duration::from_secs(3600);

/// A client that has read the head of the answer and the greeting.
fn listening(server: &Server) -> Client {
    let mut client = Client::to(server.local_addr());
    let head = client.request(STREAM, &[]).head_reply();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!((head.header("cache-control"), head.header("content-length")), (Some("no-store"), None));
    assert!(client.until("\n\n").ends_with("retry: 1000"));
    client
}

/// The next document.
pub(crate) fn document(client: &mut Client) -> Value {
    client.until("data: ");
    serde_json::from_str(&client.until("\n\n")).expect("JSON on one line")
}

/// Documents that are far too much for a client that does not read.
fn big(endpoints: EndpointsBuilder) -> EndpointsBuilder {
    let text = "x".repeat(BIG);
    endpoints.performance(move || text.clone())
}

#[test]
fn each_document_has_what_the_routes_would_answer() {
    let server = start(full());
    let mut client = listening(&server);
    let first = document(&mut client);
    for (part, expected) in [
        ("health", json!("healthy")),
        ("ready", json!("not ready")),
        ("circuit_breakers", json!({ "payments": "CLOSED" })),
        ("performance", json!({ "operations": 3 })),
        ("events_stats", json!({ "events_received": 7 })),
        ("status", json!({ "alerts": 0 })),
    ] {
        assert_eq!(first[part], expected, "{part}");
    }
    let second = document(&mut client);
    assert!(second["at"].as_u64() > first["at"].as_u64(), "{first} {second}");
}

#[test]
fn what_is_not_there_or_breaks_is_null() {
    let server = start(Endpoints::builder().status(|| -> u8 { panic!("the password is hunter2") }));
    let document = document(&mut listening(&server));
    for part in ["health", "ready", "circuit_breakers", "performance", "events_stats", "status"] {
        assert_eq!(document.get(part), Some(&Value::Null), "{part}");
    }
}

#[test]
fn a_document_names_the_routes_that_exist() {
    for (endpoints, address, commands, events) in [
        (full(), "127.0.0.1:0", false, true),
        (full().token("secret"), "127.0.0.1:0", true, true),
        (full().allow_unauthenticated(true), "0.0.0.0:0", false, false),
    ] {
        let server = endpoints.serve(address).expect("a free port");
        let document = document(&mut listening(&server));
        let routes = document["routes"].as_array().expect("a list");
        for (path, there) in [
            ("/health", true),
            ("/status", true),
            ("/events", events),
            ("/config/reload", commands),
            ("/circuit-breakers/{name}/trip", commands),
        ] {
            assert_eq!(routes.contains(&path.into()), there, "{address} {path}: {routes:?}");
        }
    }
}

#[test]
fn nobody_reads_the_checks_own_texts_in_it() {
    let health = |reader: Reader| Answer::json(true, &(reader == Reader::Public));
    let server = start(full().token("secret").health(health));
    let mut client = Client::to(server.local_addr());
    client.request(STREAM, &["Authorization: Bearer secret"]);
    assert_eq!(document(&mut client)["health"], true);
}

#[test]
fn one_document_is_made_for_all_who_listen() {
    let runs = AtomicUsize::new(0);
    let server = start(full().performance(move || runs.fetch_add(1, Ordering::SeqCst)));
    let [mut one, mut other] = [(); 2].map(|()| listening(&server));
    let mut seen = BTreeMap::from([(0, 0), (1, 0)]);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let (behind, client) = if seen[&0] <= seen[&1] { (0, &mut one) } else { (1, &mut other) };
        let run = document(client)["performance"].as_u64().expect("a number");
        seen.insert(behind, run);
        if run > 0 && seen[&0] == seen[&1] {
            return;
        }
    }
    panic!("two streams never had the same document");
}

#[test]
fn past_the_cap_a_stream_ends_the_oldest_one() {
    let server = start(full());
    let mut streams: Vec<Client> = (0..CAP).map(|_| listening(&server)).collect();
    let mut late = Client::to(server.local_addr());
    assert_eq!(late.ask("HEAD /status/stream", &[]).status, 200, "a head takes no seat");
    let mut latest = listening(&server);
    let oldest = &mut streams[0];
    // Its last chunk, after which the connection goes on.
    oldest.until("\r\n0\r\n\r\n");
    assert_eq!(oldest.ask("GET /live", &[]).status, 200);
    let ended = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_millis();
    for other in [&mut streams[1], &mut latest] {
        while u128::from(document(other)["at"].as_u64().expect("a number")) <= ended {}
    }
}

#[test]
fn a_page_of_another_origin_gets_none_and_all_else() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    for site in ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"] {
        client.ask(STREAM, &[site]).assert_error(403);
        assert_eq!(client.ask("HEAD /status/stream", &[site]).status, 403, "{site}");
        for line in ["GET /", "GET /live", "GET /metrics", "GET /status"] {
            assert_eq!(client.ask(line, &[site]).status, 200, "{line} {site}");
        }
    }
    for site in ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"] {
        let mut client = Client::to(server.local_addr());
        assert_eq!(client.request(STREAM, &[site]).head_reply().status, 200, "{site}");
    }
}

#[test]
fn a_client_that_does_not_read_loses_its_stream() {
    let server = start(big(full()).answer_deadline(Duration::from_millis(300)));
    let mut slow = TcpStream::connect(server.local_addr()).expect("it listens");
    slow.write_all(format!("{STREAM} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
        .expect("room for a head");
    // What comes after the request is read by nobody, so that the end shows as a reset.
    eventually("it is cut", || slow.write_all(b"x").is_err());
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
}

#[test]
fn a_stream_outlives_the_deadline_of_an_answer() {
    let server =
        start(full().answer_deadline(Duration::from_millis(100)).head_deadline(Duration::from_millis(100)));
    let mut client = listening(&server);
    let [first, last] =
        [document(&mut client), document(&mut client)].map(|document| document["at"].as_u64());
    assert!(last > first.map(|at| at + 100), "{first:?} {last:?}");
}

#[test]
fn a_part_that_hangs_holds_up_neither_the_others_nor_a_probe() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let server = start(full().circuit_breakers(move || {
        let _ = released.lock().expect("one run").recv();
        "here again"
    }));
    let mut client = listening(&server);
    let without = document(&mut client);
    assert_eq!((&without["circuit_breakers"], &without["status"]["alerts"]), (&Value::Null, &json!(0)));
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
    drop(release);
    while document(&mut client)["circuit_breakers"] != "here again" {}
}

#[test]
fn at_the_cap_of_connections_a_stream_makes_room_for_a_probe() {
    let server = start(full().max_connections(2));
    let [mut oldest, mut other] = [(); 2].map(|()| listening(&server));
    document(&mut other);
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
    let _ = oldest.until_closed();
    document(&mut other);
}

#[test]
fn streams_end_at_once_with_the_server() {
    let server = start(full());
    let mut clients = [(); 3].map(|()| listening(&server));
    let report = server.shutdown(LONG);
    assert_eq!((report.cut, report.thread_ended), (0, true));
    for client in &mut clients {
        let _ = client.until_closed();
    }
}

#[test]
fn a_stream_that_nobody_reads_ends_at_once_with_the_server() {
    let (runs, text) = (Arc::new(AtomicUsize::new(0)), "x".repeat(BIG));
    let count = Arc::clone(&runs);
    let server = start(full().answer_deadline(LONG).performance(move || {
        count.fetch_add(1, Ordering::SeqCst);
        text.clone()
    }));
    let mut stuck = Client::to(server.local_addr());
    stuck.request(STREAM, &[]);
    eventually("the first document is on its way", || runs.load(Ordering::SeqCst) > 2);
    let report = server.shutdown(LONG);
    assert_eq!((report.cut, report.thread_ended), (0, true));
}
