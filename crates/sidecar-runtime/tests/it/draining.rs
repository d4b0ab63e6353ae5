//! What the endpoints answer while the sidecar stops.

use crate::support::{Hold, builder, offer};
use sidecar_harness::http::get;
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
