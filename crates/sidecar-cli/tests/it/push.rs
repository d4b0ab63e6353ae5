//! The metrics of a short run, pushed when it ends.

use crate::hook::{ABSENT, Hook, Manner};
use crate::program::{Outcome as _, run};
use serde_json::{Value, json};
use std::process::Stdio;

const INPUT: &str = "{\"event_type\":\"login\"}\n{\"event_type\":\"login\"}\n";

/// Where a gateway with this hook's address would be.
fn gateway(hook: &Hook) -> &str {
    hook.url.strip_suffix("/hook").expect("the hook's path")
}

#[test]
fn the_last_metrics_replace_those_of_the_group() {
    let hook = Hook::start(Manner::Answer(200));
    let ended = run(["-", "--push", gateway(&hook)]).fed(INPUT);
    let summary = ended.summary();
    assert_eq!((ended.code, &summary.json["push"]), (Some(0), &json!({"delivered": true, "attempts": 1})));
    let requests = hook.requests();
    assert_eq!(requests.len(), 1);
    let head = requests[0].head.to_ascii_lowercase();
    assert!(head.starts_with("put /metrics/job/sidecar http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    let body = String::from_utf8(requests[0].body.clone()).expect("text");
    assert!(body.lines().any(|line| line == "sidecar_events_total{event_type=\"login\"} 2"), "{body}");
}

#[test]
fn a_group_of_its_own_is_taken_as_it_is() {
    let hook = Hook::start(Manner::Answer(202));
    let url = format!("{}/metrics/job/ci/instance/main", gateway(&hook));
    assert_eq!(run(["-", "--push", &url]).fed(INPUT).summary().json["push"]["delivered"], true);
    assert!(hook.requests()[0].head.starts_with("PUT /metrics/job/ci/instance/main HTTP/1.1\r\n"));
}

#[test]
fn what_fails_for_a_moment_is_tried_again() {
    let hook = Hook::start(Manner::AtFirst(503));
    let summary = run(["-", "--push", gateway(&hook)]).fed(INPUT).summary();
    assert_eq!(summary.json["push"], json!({"delivered": true, "attempts": 2}));
}

#[test]
fn a_push_that_fails_is_in_the_summary_and_changes_nothing_else() {
    let refusing = Hook::start(Manner::Answer(400));
    let absent = ABSENT.strip_suffix("/hook").expect("the path");
    for (url, attempts) in [(gateway(&refusing), 1), (absent, 4)] {
        let ended = run(["-", "--strict", "--push", url]).fed(INPUT);
        let push = ended.summary().json["push"].clone();
        assert_eq!(
            (ended.code, &push["delivered"], &push["attempts"]),
            (Some(0), &json!(false), &json!(attempts))
        );
        assert!(push["error"].as_str().is_some_and(|error| !error.is_empty()), "{push}");
        ended.summary().assert_all_processed(2);
    }
    assert_eq!(refusing.requests().len(), 1);
}

#[test]
fn a_run_that_a_signal_ends_is_pushed_too() {
    let hook = Hook::start(Manner::Answer(200));
    let program = run(["--push", gateway(&hook), "--listen", "127.0.0.1:0", "--drain", "0"]);
    let mut program = program.stdin(Stdio::null()).start();
    crate::program::Serving::address(&mut program);
    program.signal("TERM");
    let ended = program.end();
    assert_eq!((ended.code, &ended.summary().json["push"]["delivered"]), (Some(0), &Value::from(true)));
}

#[test]
fn without_it_the_summary_is_silent_about_it() {
    assert!(run(["-"]).fed(INPUT).summary().json.get("push").is_none());
}

#[test]
fn an_address_of_no_use_is_refused_before_anything_starts_and_not_repeated() {
    for url in ["gate:9091", "ftp://user:secret@gate", ""] {
        let ended = run(["-", "--push", url]).end();
        ended.assert_refused(&["--push", "http or https"]);
        assert!(!ended.stderr.contains("secret"), "{ended:?}");
    }
}
