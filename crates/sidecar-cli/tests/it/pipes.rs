//! Readers that have gone away, and disks that are full.

use crate::program::{Outcome as _, RECORDING, run, sidecar};
use std::fs::OpenOptions;
use std::io::pipe;
use std::process::{Command, Stdio};

#[test]
fn a_closed_standard_output_is_no_error() {
    for summary in ["text", "json"] {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let ended = sidecar(["run", RECORDING, "--summary", summary]).stdout(writer).end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../sidecar-runtime/tests/data/quick-start.yml");
    assert_eq!(sidecar(["check-config", file]).stdout(writer).end().code, Some(0));
}

#[test]
fn a_closed_standard_error_changes_nothing() {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let ended = run(["-", "--listen", "127.0.0.1:0"]).stderr(writer).fed("noise\n{\"event_type\":\"x\"}\n");
    assert_eq!(ended.code, Some(0));
    ended.summary().assert_all_processed(1);
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    assert_eq!(run(["/missing"]).stderr(writer).end().code, Some(2));
}

#[test]
fn streams_that_are_not_there_at_all_change_nothing() {
    let command = format!("\"$0\" run '{RECORDING}' --fail-on-failure <&- >&- 2>&-");
    let status = Command::new("sh").args(["-c", &command, env!("CARGO_BIN_EXE_sidecar")]).status();
    assert_eq!(status.expect("a shell").code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_summary_that_cannot_be_written_is_told() {
    let full = || OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    for summary in ["text", "json"] {
        let ended = sidecar(["run", RECORDING, "--summary", summary]).stdout(full()).end();
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains("standard output cannot be written"), "{}", ended.stderr);
    }
    let ended = run([RECORDING]).stderr(full()).stdin(Stdio::null()).end();
    ended.summary().assert_all_processed(2_602);
}
