//! The cap on connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sidecar_http::Answer;

use crate::deadlines::{BIG, big_metrics};
use crate::routes::{full, start};
use sidecar_harness::eventually;
use sidecar_harness::http::Client;

#[test]
fn at_the_cap_the_connection_that_has_waited_longest_is_closed() {
    let server = start(full().max_connections(2));
    let mut oldest = Client::to(server.local_addr());
    let mut middle = Client::to(server.local_addr());
    assert_eq!(middle.ask("GET /live", &[]).status, 200);
    let mut newest = Client::to(server.local_addr());
    oldest.assert_closed_without_an_answer();
    for client in [&mut middle, &mut newest] {
        assert_eq!(client.ask("GET /live", &[]).status, 200);
    }
}

#[test]
fn waiting_counts_from_the_last_answer() {
    let server = start(full().max_connections(2));
    let mut busy = Client::to(server.local_addr());
    let mut silent = Client::to(server.local_addr());
    assert_eq!(busy.ask("GET /live", &[]).status, 200);
    let mut newest = Client::to(server.local_addr());
    silent.assert_closed_without_an_answer();
    assert_eq!(busy.ask("GET /live", &[]).status, 200);
    assert_eq!(newest.ask("GET /live", &[]).status, 200);
}

#[test]
fn an_unfinished_body_is_waiting_too() {
    let server = start(full().max_connections(1));
    let mut slow = Client::to(server.local_addr());
    slow.request("POST /events", &["Content-Type: application/json", "Content-Length: 9"]).send("{");
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
    slow.assert_closed_without_an_answer();
}

#[test]
fn an_answer_under_way_is_never_evicted() {
    let (entered_sender, entered) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let server = start(full().max_connections(1).metrics(move |_| {
        entered_sender.send(()).expect("the test listens");
        released.lock().expect("one run").recv().expect("the test releases it");
        "jobs 1\n".to_owned()
    }));
    let mut scraper = Client::to(server.local_addr());
    scraper.request("GET /metrics", &[]);
    entered.recv().expect("the closure runs");
    Client::to(server.local_addr()).assert_closed_without_an_answer();
    release.send(()).expect("the closure waits");
    assert_eq!(scraper.reply().body, "jobs 1\n");
}

#[test]
fn clients_that_ask_and_do_not_read_do_not_keep_a_probe_out() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let big = "x".repeat(64 << 10);
    let server = start(full().max_connections(4).live(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Answer::json(true, &big)
    }));
    // Together far more than the kernel buffers between two sockets.
    let requests = "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000);
    let mut crowd: Vec<Client> = (0..4).map(|_| Client::to(server.local_addr())).collect();
    for client in &mut crowd {
        client.send(&requests);
    }
    eventually("every connection is full", || {
        let before = runs.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(100));
        crowd.iter().all(Client::has_answer) && runs.load(Ordering::SeqCst) == before
    });
    assert_eq!(Client::to(server.local_addr()).ask("GET /startup", &[]).status, 200);
    drop(crowd);
}

#[test]
fn of_two_slow_readers_the_one_that_was_answered_first_makes_room() {
    let server = big_metrics(full().max_connections(2));
    let [mut first, mut second] = [(); 2].map(|()| {
        let mut client = Client::to(server.local_addr());
        assert_eq!(client.request("GET /metrics", &[]).head_reply().status, 200);
        client
    });
    let mut newest = Client::to(server.local_addr());
    assert_eq!(newest.ask("GET /live", &[]).status, 200);
    assert!(first.until_closed().len() < BIG);
    // One that waits for a request goes before one that is being answered.
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
    newest.assert_closed_without_an_answer();
    assert!(second.stop_sending().until_closed().len() == BIG);
}

#[test]
fn hundreds_of_silent_connections_do_not_keep_a_probe_out() {
    let server = start(full().max_connections(64));
    let crowd: Vec<Client> = (0..400).map(|_| Client::to(server.local_addr())).collect();
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
    drop(crowd);
}
