//! Who may ask what, beyond loopback.

use crate::program::{Outcome as _, Serving as _, run};
use sidecar_harness::http::{ask, get};
use std::fs;
use tempfile::TempDir;

const EVENT: &[u8] = br#"{"event_type":"x"}"#;
const NDJSON: &str = "Content-Type: application/x-ndjson";

#[test]
fn a_token_guards_everything_but_the_probes() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("token");
    fs::write(&path, "s3cret\n").expect("written");
    let words = ["--listen", "0.0.0.0:0", "--token-file", path.to_str().expect("UTF-8")];
    let mut program = run(words).start();
    let address = program.address();
    for path in ["/live", "/ready", "/startup", "/health"] {
        assert_eq!(get(address, path).status, 200, "{path}");
    }
    for (authorization, reading, handing_in) in [
        ("X-Nothing: given", 401, 401),
        ("Authorization: Bearer wrong", 401, 401),
        ("Authorization: Bearer s3cret ", 200, 202),
        ("Authorization: Bearer s3cret", 200, 202),
    ] {
        for path in ["/metrics", "/events/stats", "/circuit-breakers"] {
            assert_eq!(ask(address, &format!("GET {path}"), &[authorization], b"").status, reading, "{path}");
        }
        assert_eq!(ask(address, "POST /events", &[authorization, NDJSON], EVENT).status, handing_in);
    }
    program.signal("TERM");
    program.end().summary().assert_all_processed(2);
}

#[test]
fn served_openly_on_purpose_only_reading_is_open() {
    let words = ["--listen", "0.0.0.0:0", "--allow-unauthenticated", "--allow-host", "ci.example.org"];
    let mut program = run(words).start();
    let address = program.address();
    assert_eq!(get(address, "/metrics").status, 200);
    assert_eq!(ask(address, "POST /events", &[NDJSON], EVENT).status, 404);
    assert_eq!(ask(address, "GET /metrics", &["Host: ci.example.org:80"], b"").status, 200);
    assert_eq!(ask(address, "GET /metrics", &["Host: example.org"], b"").status, 421);
}
