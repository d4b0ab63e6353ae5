//! Slow closures and the probes beside them.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use sidecar_http::Answer;

use crate::routes::{full, start};
use sidecar_harness::http::Client;

/// A closure that tells when it runs, and waits.
fn blocking() -> (impl Fn() + Send + Sync, Receiver<Option<String>>, Sender<()>) {
    let (entered_sender, entered) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let run = move || {
        let name = thread::current().name().map(str::to_owned);
        entered_sender.send(name).expect("the test listens");
        released.lock().expect("no panic").recv().expect("the test releases it");
    };
    (run, entered, release)
}

#[test]
fn a_rendering_that_takes_long_delays_no_probe_and_no_other_route() {
    let (run, entered, release) = blocking();
    let server = start(full().metrics(move |_| {
        run();
        "jobs 1\n".to_owned()
    }));
    let mut scraper = Client::to(server.local_addr());
    scraper.request("GET /metrics", &[]);
    assert_eq!(entered.recv().expect("it runs").as_deref(), Some("sidecar-scrape"));
    let mut client = Client::to(server.local_addr());
    for path in ["/live", "/health", "/circuit-breakers", "/events/stats"] {
        assert_eq!(client.ask(&format!("GET {path}"), &[]).status, 200, "{path}");
    }
    assert_eq!(client.post(&["Content-Type: application/json"], "{}").status, 202);
    release.send(()).expect("it waits");
    assert_eq!(scraper.reply().body, "jobs 1\n");
}

#[test]
fn a_rendering_that_hangs_is_not_started_a_second_time() {
    let (run, entered, release) = blocking();
    let server = start(full().answer_deadline(Duration::from_millis(200)).metrics(move |_| {
        run();
        "jobs 1\n".to_owned()
    }));
    for _ in 0..3 {
        let mut scraper = Client::to(server.local_addr());
        scraper.request("GET /metrics", &[]).assert_closed_without_an_answer();
    }
    entered.recv().expect("the first one runs");
    assert!(entered.try_recv().is_err());
    release.send(()).expect("it waits");
}

#[test]
fn events_are_handed_over_two_batches_at_a_time() {
    let (run, entered, release) = blocking();
    let server = start(full().ingest(move |_| run()));
    let mut clients: Vec<Client> = (0..3)
        .map(|_| {
            let mut client = Client::to(server.local_addr());
            let headers = ["Content-Type: application/json", "Content-Length: 2"];
            client.request("POST /events", &headers).send("{}");
            client
        })
        .collect();
    for _ in 0..2 {
        entered.recv().expect("two run");
    }
    // The third is in the server by now: a later connection was answered.
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
    assert!(entered.try_recv().is_err());
    for _ in 0..3 {
        release.send(()).expect("the server lives");
    }
    for client in &mut clients {
        assert_eq!(client.reply().status, 202);
    }
}

#[test]
fn probes_run_on_the_named_thread() {
    let server = start(full().live(|| Answer::json(true, &thread::current().name())));
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).body, r#""sidecar-http""#);
}
