//! The recorded run of a real test runner.

use crate::program::{Outcome as _, RECORDING, Summary, run};
use std::collections::BTreeMap;
use std::fs::{self, File};

#[track_caller]
fn assert_recorded(summary: &Summary) {
    summary.assert_all_processed(2_602);
    assert_eq!(summary.tests(), [1_291, 4, 2]);
    assert_eq!(summary.lines(), [2_598, 0, 0]);
    let expected = [
        ("suite_end", 2),
        ("suite_start", 2),
        ("test_end", 1_297),
        ("test_failure", 4),
        ("test_start", 1_297),
    ];
    assert_eq!(
        summary.events(),
        expected.map(|(name, count)| (name.to_owned(), count)).into_iter().collect()
    );
    assert_eq!(summary.json["ended_by"], "end of input");
    assert_eq!(summary.json["test_duration_ms"]["count"], 1_295, "the ignored ones took no time");
    let failed: Vec<&str> = summary.json["failed_tests"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|name| name.as_str())
        .collect();
    assert_eq!(failed.len(), 4);
    assert!(failed.iter().all(|name| name.starts_with("bigdecimal::bigdecimal$arithmetic::cbrt::test::")));
    assert_eq!(summary.json["slowest_tests"].as_array().map(Vec::len), Some(10));
}

#[test]
fn a_recorded_run_is_read_from_a_file_to_the_last_event() {
    let ended = run([RECORDING]).end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "nothing is served, nothing went wrong");
    assert_recorded(&ended.summary());
}

#[test]
fn a_recorded_run_is_read_from_standard_input_to_the_last_event() {
    let ended = run(["-"]).stdin(File::open(RECORDING).expect("the recording")).end();
    assert_eq!(ended.code, Some(0));
    assert_recorded(&ended.summary());
    let ended = run(["-", "--format", "libtest"]).fed(fs::read(RECORDING).expect("the recording"));
    assert_recorded(&ended.summary());
}

#[test]
fn a_queue_of_two_makes_the_reader_wait_and_drops_nothing() {
    let ended = run([RECORDING]).env("SIDECAR_MAX_QUEUE_SIZE", "2").end();
    assert_recorded(&ended.summary());
}

#[test]
fn failures_decide_the_status_only_when_asked_and_whatever_is_sampled() {
    assert_eq!(run([RECORDING, "--fail-on-failure"]).end().code, Some(1));
    let ended = run([RECORDING, "--fail-on-failure"]).env("SIDECAR_SAMPLE_EVENTS", "0").end();
    let (summary, ledger) = (ended.summary(), ended.summary().ledger());
    assert_eq!((ended.code, summary.tests()), (Some(1), [1_291, 4, 2]));
    assert_eq!((ledger.received, ledger.sampled_out, ledger.processed), (2_602, 2_602, 0));
    let passed = r#"{"type":"test","event":"ok","name":"t"}"#;
    assert_eq!(run(["-", "--fail-on-failure"]).fed(passed).code, Some(0));
}

#[test]
fn a_switched_off_sidecar_takes_nothing_and_says_so() {
    let ended = run([RECORDING, "--fail-on-failure"]).env("SIDECAR_ENABLED", "false").end();
    let ledger = ended.summary().ledger();
    assert_eq!(ended.code, Some(1), "the runner's verdict stands");
    assert_eq!((ledger.received, ledger.processed), (2_602, 0));
    let dropped: BTreeMap<_, _> = ledger.dropped.into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(dropped, BTreeMap::from([("disabled".to_owned(), 2_602)]));
}
