//! What the endpoints answer while the sidecar stops.

use crate::support::{Hold, builder, offer};
use sidecar_harness::http::{get, try_ask};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::observe;
use std::net::TcpStream;

#[test]
fn ready_goes_off_first_while_everything_else_still_answers() {
    let sidecar = builder().http("127.0.0.1:0").start().expect("valid settings");
    let address = sidecar.local_addr().expect("it serves");
    assert_eq!(get(address, "/ready").json(), serde_json::json!({"status": "ready", "lifecycle": "running"}));

    let hold = Hold::worker_of(&sidecar);
    offer(|| observe!(sidecar, "x"));
    let stopping = std::thread::spawn(move || sidecar.stop(PATIENCE));
    eventually("it is not ready", || get(address, "/ready").status == 503);
    let ready = get(address, "/ready").json();
    assert_eq!(ready, serde_json::json!({"status": "not_ready", "lifecycle": "draining"}));
    for path in ["/live", "/startup", "/health", "/metrics", "/circuit-breakers", "/events/stats"] {
        assert_eq!(get(address, path).status, 200, "{path}");
    }
    assert_eq!(get(address, "/health").json()["status"], "healthy");

    drop(hold);
    let report = stopping.join().expect("no panic");
    assert_eq!((report.processed, report.waiting), (2, 0));
    eventually("nobody listens", || TcpStream::connect(address).is_err());
}

#[test]
fn a_prober_sees_ready_then_not_ready_then_nobody_and_never_back() {
    let sidecar = builder().http("127.0.0.1:0").start().expect("valid settings");
    let address = sidecar.local_addr().expect("it serves");
    let hold = Hold::worker_of(&sidecar);
    let (sender, seen) = std::sync::mpsc::channel();
    let prober = std::thread::spawn(move || {
        // An error is the end: nobody listens, or the connection was closed unanswered.
        while let Ok(reply) = try_ask(address, "GET /ready", &[], "") {
            if sender.send(reply.status).is_err() {
                return;
            }
        }
    });
    assert_eq!(seen.recv_timeout(PATIENCE), Ok(200));
    let stopping = std::thread::spawn(move || sidecar.stop(PATIENCE));
    let mut answers = seen.into_iter();
    assert_eq!(answers.find(|status| *status != 200), Some(503));
    assert_eq!(answers.next(), Some(503), "it goes on answering while an event is handled");
    drop(hold);
    assert_eq!(answers.find(|status| *status != 503), None, "after that, nothing else until the end");
    prober.join().expect("no panic");
    assert_eq!(stopping.join().expect("no panic").waiting, 0);
    assert!(TcpStream::connect(address).is_err());
}
