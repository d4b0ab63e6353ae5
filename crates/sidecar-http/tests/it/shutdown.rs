//! How a server ends.

use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use sidecar_http::Answer;

use crate::routes::{full, start};
use sidecar_harness::http::Client;
use sidecar_harness::{PATIENCE, eventually};

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn idle_clients_are_closed_at_once_and_the_port_is_free_again() {
    let server = start(full());
    let mut silent = Client::to(server.local_addr());
    let mut idle = Client::to(server.local_addr());
    assert_eq!(idle.ask("GET /live", &[]).status, 200);
    let report = server.shutdown(PATIENCE);
    assert_eq!((report.cut, report.thread_ended), (0, true));
    silent.assert_closed_without_an_answer();
    idle.assert_closed_without_an_answer();
    let again = full().serve(&server.local_addr().to_string()).expect("the port is free");
    assert_eq!(Client::to(again.local_addr()).ask("GET /live", &[]).status, 200);
    assert!(server.shutdown(PATIENCE).thread_ended, "a second shutdown finds nothing to do");
}

#[test]
fn a_client_that_hangs_is_cut_at_the_deadline() {
    let server = start(full());
    let mut hanging = Client::to(server.local_addr());
    let headers = ["Content-Type: application/json", "Content-Length: 9", "Expect: 100-continue"];
    // The interim answer shows that the server waits for the body.
    assert_eq!(hanging.request("POST /events", &headers).head_reply().status, 100);
    let begun = Instant::now();
    let report = server.shutdown(SHORT);
    assert_eq!((report.cut, report.thread_ended), (1, true));
    assert!((SHORT..PATIENCE).contains(&begun.elapsed()));
    hanging.assert_closed_without_an_answer();
}

#[test]
fn an_answer_under_way_is_finished() {
    let (entered_sender, entered) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let server = Arc::new(start(full().metrics(move |_| {
        entered_sender.send(()).expect("the test listens");
        released.lock().expect("one run").recv().expect("the test releases it");
        "jobs 1\n".to_owned()
    })));
    let mut scraper = Client::to(server.local_addr());
    scraper.request("GET /metrics", &[]);
    entered.recv().expect("it runs");
    let stopping = thread::spawn({
        let server = Arc::clone(&server);
        move || server.shutdown(PATIENCE)
    });
    eventually("the server stops listening", || TcpStream::connect(server.local_addr()).is_err());
    release.send(()).expect("it waits");
    let reply = scraper.reply();
    assert_eq!((reply.body.as_str(), reply.header("connection")), ("jobs 1\n", Some("close")));
    let report = stopping.join().expect("no panic");
    assert_eq!((report.cut, report.thread_ended), (0, true));
}

#[test]
fn a_worker_closure_that_hangs_does_not_hold_up_the_end() {
    let (entered_sender, entered) = channel();
    let server = start(full().metrics(move |_| {
        entered_sender.send(()).expect("the test listens");
        loop {
            thread::park();
        }
    }));
    let mut scraper = Client::to(server.local_addr());
    scraper.request("GET /metrics", &[]);
    entered.recv().expect("it runs");
    let begun = Instant::now();
    let report = server.shutdown(SHORT);
    assert_eq!((report.cut, report.thread_ended), (1, true));
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn a_probe_closure_that_hangs_is_left_behind_and_reported() {
    let (entered_sender, entered) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let server = start(full().live(move || {
        entered_sender.send(()).expect("the test listens");
        released.lock().expect("one run").recv().expect("the test releases it");
        Answer::json(true, "live")
    }));
    Client::to(server.local_addr()).request("GET /live", &[]);
    entered.recv().expect("it runs");
    let begun = Instant::now();
    assert!(!server.shutdown(SHORT).thread_ended);
    assert!(!server.shutdown(SHORT).thread_ended, "a second call sees that it hangs still");
    assert!(begun.elapsed() < PATIENCE);
    release.send(()).expect("it waits");
    eventually("the thread ends", || server.shutdown(SHORT).thread_ended);
}

#[test]
fn a_dropped_server_stops() {
    let server = start(full());
    let address = server.local_addr();
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_server_may_be_stopped_and_dropped_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let server = start(full().live(|| Answer::json(true, "live")));
        assert!(server.shutdown(PATIENCE).thread_ended);
        drop(start(full()));
    });
}
