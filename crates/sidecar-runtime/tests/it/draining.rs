//! What the endpoints answer while the sidecar stops.

use crate::client::get_at;
use crate::support::{Hold, PATIENCE, builder, eventually, offer};
use sidecar_runtime::observe;
use std::net::TcpStream;

#[test]
fn ready_goes_off_first_while_everything_else_still_answers() {
    let sidecar = builder().http("127.0.0.1:0").start().expect("valid settings");
    let address = sidecar.local_addr().expect("it serves");
    assert_eq!(
        get_at(address, "/ready", &[]).json(),
        serde_json::json!({"status": "ready", "lifecycle": "running"})
    );

    let hold = Hold::worker_of(&sidecar);
    offer(|| observe!(sidecar, "x"));
    let stopping = std::thread::spawn(move || sidecar.stop(PATIENCE));
    eventually("it is not ready", || get_at(address, "/ready", &[]).status == 503);
    let ready = get_at(address, "/ready", &[]).json();
    assert_eq!(ready, serde_json::json!({"status": "not_ready", "lifecycle": "draining"}));
    for path in ["/live", "/startup", "/health", "/metrics", "/circuit-breakers", "/events/stats"] {
        assert_eq!(get_at(address, path, &[]).status, 200, "{path}");
    }
    assert_eq!(get_at(address, "/health", &[]).json()["status"], "healthy");

    drop(hold);
    let report = stopping.join().expect("no panic");
    assert_eq!((report.processed, report.waiting), (2, 0));
    eventually("nobody listens", || TcpStream::connect(address).is_err());
}
