//! The summary for a person.

use crate::program::{RECORDING, sidecar};

#[test]
fn the_text_tells_what_happened_in_plain_lines() {
    let ended = sidecar(["run", RECORDING]).end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "no progress where no terminal is");
    for line in [
        "  lines      2598 read, 0 ignored, 0 malformed",
        "  ledger     2602 received = 2602 processed + 0 failed + 0 sampled out + 0 dropped + 0 waiting",
        "        1297  test_end",
        "           4  test_failure",
        "tests: 1291 passed, 4 failed, 2 skipped",
    ] {
        assert!(ended.stdout.lines().any(|found| found == line), "{line:?} is not in {}", ended.stdout);
    }
    assert_eq!(ended.stdout.lines().filter(|line| line.starts_with("  failed ")).count(), 4);
    assert!(ended.stdout.contains("ended by end of input"));
}

#[test]
fn names_cannot_move_the_cursor() {
    let name = r"\u001b[2J\u0007\r\n\u202e";
    let event = format!(r#"{{"event_type":"{name}","data":{{"test_id":"{name}"}}}}"#);
    let end = format!(
        r#"{{"event_type":"test_end","data":{{"test_id":"{name}","status":"{name}","duration_ms":1}}}}"#
    );
    let ended = sidecar(["run", "-"]).fed(format!("{event}\n{end}\n"));
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stdout.contains(['\x1b', '\x07', '\r', '\u{202e}']), "{:?}", ended.stdout);
}
