//! What a line may be.

use crate::program::{Outcome as _, run};

const EVENTS: &str = concat!(
    r#"{"event_type":"test_start","data":{"test_id":"a"}}"#,
    "\n",
    r#"{"event_type":"test_end","data":{"test_id":"a","status":"failed","duration_ms":1234}}"#,
    "\r\n\n",
    r#"{"event_type":"test_failure","data":{"test_id":"a"},"timestamp":"2026-01-29T12:00:00Z"}"#,
    "\n",
    r#"{"event_type":"","timestamp":1769688000,"execution_id":"e","test_id":"t","run_id":"r"}"#,
);

#[test]
fn event_lines_are_read_with_any_line_end_and_without_one() {
    for words in [&["-"][..], &["-", "--format", "events"]] {
        let ended = run(words.iter().copied()).fed(EVENTS);
        let summary = ended.summary();
        assert_eq!(ended.code, Some(0));
        summary.assert_all_processed(4);
        assert_eq!(summary.lines(), [5, 1, 0]);
        assert_eq!(
            summary.events().keys().collect::<Vec<_>>(),
            ["", "test_end", "test_failure", "test_start"]
        );
        assert_eq!(summary.json["slowest_tests"][0]["duration_ms"], 1234.0);
    }
}

#[test]
fn the_end_of_a_test_in_an_event_line_is_a_verdict() {
    let ended = run(["-", "--fail-on-failure"]).fed(EVENTS);
    assert_eq!((ended.code, ended.summary().tests()), (Some(1), [0, 1, 0]));
}

#[test]
fn a_file_may_begin_with_a_byte_order_mark() {
    let ended = run(["-", "--strict"]).fed(format!("\u{feff}{EVENTS}"));
    assert_eq!(ended.code, Some(0));
    ended.summary().assert_all_processed(4);
}

#[test]
fn the_first_line_that_tells_decides_what_the_others_are() {
    let test = r#"{"type":"test","event":"ok","name":"t"}"#;
    let event = r#"{"event_type":"x"}"#;
    let ended = run(["-"]).fed(format!("\nnoise\n{test}\n{event}\n{test}\n"));
    let summary = ended.summary();
    summary.assert_all_processed(2);
    assert_eq!((summary.lines(), summary.tests()), ([5, 1, 2], [2, 0, 0]));
    let ended = run(["-"]).fed(format!("{event}\n{test}\n{event}\n"));
    ended.summary().assert_all_processed(2);
    assert_eq!(ended.summary().lines(), [3, 0, 1]);
}

#[test]
fn a_wrong_format_makes_every_line_malformed_and_a_right_one_none() {
    let ended = run(["-", "--format", "libtest"]).fed(EVENTS);
    assert_eq!(ended.summary().lines(), [5, 1, 4]);
    let stream = r#"{"type":"bench","name":"b","median":1}"#;
    let ended = run(["-", "--format", "events"]).fed(stream);
    assert_eq!(ended.summary().lines(), [1, 0, 1]);
    let ended = run(["-", "--format", "libtest"]).fed(stream);
    assert_eq!(ended.summary().lines(), [1, 1, 0], "of a kind that no event comes of");
}

#[test]
fn no_input_at_all_is_an_empty_run() {
    let ended = run(["-"]).end();
    assert_eq!(ended.code, Some(0));
    ended.summary().assert_all_processed(0);
}
