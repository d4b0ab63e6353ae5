//! What probes see of a run that a signal ends.

use crate::http::post;
use crate::program::{Outcome as _, RECORDING, Serving as _, run};
use crate::signals::wait_for_events;
use sidecar_harness::http::{get, try_ask};
use sidecar_harness::{PATIENCE, eventually};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// Between two rounds of probes.
const PAUSE: Duration = Duration::from_millis(5);

/// How long the run goes on serving.
const DRAIN: Duration = Duration::from_secs(1);

/// The events of the recording.
const EVENTS: u64 = 2_602;

/// What a probe was answered; `None` once nobody listens.
struct Probe {
    path: &'static str,
    sent: Instant,
    status: Option<u16>,
    answered: Instant,
}

fn probe(address: SocketAddr, path: &'static str) -> Probe {
    let sent = Instant::now();
    let status = try_ask(address, &format!("GET {path}"), &[], "").ok().map(|reply| reply.status);
    Probe { path, sent, status, answered: Instant::now() }
}

/// Asks for `/ready` and `/live` in turns until neither is answered; `draining` is called at the first 503.
fn probe_until_closed(address: SocketAddr, draining: impl FnOnce()) -> Vec<Probe> {
    let (begun, mut probes, mut draining) = (Instant::now(), Vec::new(), Some(draining));
    loop {
        let round = ["/ready", "/live"].map(|path| probe(address, path));
        let is_closed = round.iter().all(|probe| probe.status.is_none());
        if round[0].status == Some(503) {
            draining.take().into_iter().for_each(|draining| draining());
        }
        probes.extend(round);
        if is_closed {
            return probes;
        }
        assert!(begun.elapsed() < PATIENCE, "it is still served");
        thread::sleep(PAUSE);
    }
}

/// The statuses of one path, each change once.
fn course(probes: &[Probe], path: &str) -> Vec<Option<u16>> {
    let statuses = probes.iter().filter(|probe| probe.path == path).map(|probe| probe.status);
    let mut course: Vec<_> = statuses.collect();
    course.dedup();
    course
}

/// Ends a run by SIGTERM under probes. Says whether they saw it drain: a machine that stands still for as long as
/// that lasts shows them nothing.
fn drains_under_probes() -> bool {
    let mut program =
        run([RECORDING, "--listen", "127.0.0.1:0", "--linger", "86400", "--drain", "1"]).start();
    let address = program.address();
    wait_for_events(address, EVENTS);
    assert_eq!(probe(address, "/ready").status, Some(200));
    let probing = thread::spawn(move || {
        let mut late = false;
        let line = b"{\"event_type\":\"late\"}\n";
        let probes = probe_until_closed(address, || {
            let headers = ["Content-Type: application/x-ndjson"];
            let receipt = try_ask(address, "POST /events", &headers, line).ok();
            late = receipt.is_some_and(|receipt| receipt.json()["accepted"] == 1);
        });
        (probes, late)
    });
    program.signal("TERM");
    let ended = program.end();
    let (probes, late) = probing.join().expect("no panic");

    assert_eq!(ended.code, Some(0));
    let summary = ended.summary();
    assert_eq!(summary.json["ended_by"], "SIGTERM");
    if late {
        // What came while it drained is work like any other.
        summary.assert_all_processed(EVENTS + 1);
    }

    let is_ready = |probe: &&Probe| probe.path == "/ready" && probe.status == Some(200);
    let last_ready = probes.iter().rfind(is_ready).map(|probe| probe.sent);
    let closed = probes.iter().find(|probe| probe.status.is_none()).expect("it ends with one").answered;
    if let Some(last_ready) = last_ready {
        let served = closed - last_ready;
        assert!(served >= DRAIN, "closed {served:?} after it had been ready");
    }
    assert_eq!(course(&probes, "/live"), [Some(200), None], "alive until nobody listens");
    let readiness = course(&probes, "/ready");
    let draining = probes.iter().position(|probe| probe.status == Some(503));
    let alive = |from: usize| probes[from..].iter().any(|probe| probe.status == Some(200));
    let readiness = readiness.strip_prefix(&[Some(200)]).unwrap_or(&readiness);
    match readiness {
        [Some(503), None] => late && draining.is_some_and(alive),
        [None] => false,
        other => panic!("readiness went {other:?}"),
    }
}

#[test]
fn readiness_goes_off_first_and_all_else_answers_until_nobody_listens() {
    let begun = Instant::now();
    while !drains_under_probes() {
        assert!(begun.elapsed() < PATIENCE, "no probe saw it drain");
    }
}

#[test]
fn a_second_signal_ends_the_drain_at_once() {
    let mut program = run(["--listen", "127.0.0.1:0", "--drain", "60"]).start();
    let address = program.address();
    program.signal("TERM");
    eventually("it drains", || get(address, "/ready").status == 503);
    let receipt = post(address, &[], b"{\"event_type\":\"late\"}\n").json();
    assert_eq!((get(address, "/live").status, &receipt["accepted"]), (200, &1.into()));
    program.signal("TERM");
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(128 + 15), ""));
}

#[test]
fn nothing_is_drained_where_nobody_is_to_be_told() {
    let by_itself = run([RECORDING, "--listen", "127.0.0.1:0", "--drain", "60"]).end();
    // What it says of the line shows that it listens for signals.
    let mut serving_nothing = run(["-", "--drain", "60"]).stdin(Stdio::piped()).start();
    let mut stdin = serving_nothing.stdin();
    stdin.write_all(b"noise\n").expect("it reads");
    serving_nothing.line("sidecar: line 1");
    serving_nothing.signal("TERM");
    for ended in [by_itself, serving_nothing.end()] {
        let elapsed = ended.summary().json["elapsed_seconds"].as_f64().expect("a number");
        assert!(elapsed < 60.0, "it took {elapsed} s");
    }
}
