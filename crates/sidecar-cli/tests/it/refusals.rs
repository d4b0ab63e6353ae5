//! What the user can mend: one clear line, status 2, nothing started.

use crate::program::{Outcome as _, RECORDING, Serving as _, run, sidecar};
use std::fs::{self, File};
use std::net::TcpListener;
use std::process::Stdio;
use tempfile::TempDir;

#[test]
fn an_input_that_cannot_be_read_is_named() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().to_str().expect("UTF-8");
    run([path]).end().assert_refused(&[path, "is a directory"]);
    let missing = format!("{path}/missing.ndjson");
    run([missing.as_str()]).end().assert_refused(&[&missing, "No such file"]);
}

#[test]
fn standard_input_that_cannot_be_read_ends_the_run_with_a_summary() {
    let ended = run(["-"]).stdin(File::open("/").expect("a directory")).end();
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.stderr.lines().count(), 1);
    assert!(ended.stderr.contains("reading the input failed"), "{}", ended.stderr);
    ended.summary().assert_all_processed(0);
    assert_eq!(ended.summary().json["ended_by"], "unreadable input");
}

#[test]
fn an_address_that_cannot_be_served_is_named() {
    for (address, words) in [
        ("nonsense", "no address to listen on"),
        ("127.0.0.1:99999", "no address to listen on"),
        ("127.0.0.1", "no address to listen on"),
        ("0.0.0.0:0", "not a loopback address"),
        ("[::]:0", "not a loopback address"),
    ] {
        run([RECORDING, "--listen", address]).end().assert_refused(&[address, words]);
    }
}

#[test]
fn two_programs_do_not_share_a_port() {
    let mut first = run(["--listen", "127.0.0.1:0"]).start();
    let address = first.address().to_string();
    run(["--listen", &address]).end().assert_refused(&[&address, "in use"]);
    assert!(!first.has_ended());
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    run([RECORDING, "--listen", &address]).end().assert_refused(&[&address, "in use"]);
}

#[test]
fn a_token_file_that_holds_none_is_named() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("token");
    let path = path.to_str().expect("UTF-8");
    let refused = |words: &[&str]| {
        let ended = run(["-", "--listen", "127.0.0.1:0", "--token-file", path]).end();
        ended.assert_refused(words);
    };
    refused(&[path, "No such file"]);
    for (content, words) in [
        (&b" \n"[..], &[path, "holds no token"][..]),
        (b"\xff\xfe", &[path, "UTF-8"]),
        (b"two words", &["token"]),
        (&[b'x'; 5_000], &[path, "4096"]),
    ] {
        fs::write(path, content).expect("written");
        refused(words);
    }
    // Endless, and without a length that could be asked for first.
    let endless = run(["-", "--token-file", "/dev/zero"]).end();
    endless.assert_refused(&["/dev/zero", "4096"]);
}

#[test]
fn a_webhook_that_is_no_address_is_refused_before_anything_starts() {
    for url in ["", "hook", "ftp://example.org", "http://"] {
        run(["-", "--webhook", url]).end().assert_refused(&["--webhook", "http or https"]);
    }
}

#[test]
fn a_wrong_command_line_is_status_two_and_help_is_none() {
    for words in [
        &["run", "--linger", "soon"][..],
        &["run", "--webhook-timeout", "0"],
        &["run", "--format", "xml"],
        &["run", "a", "b"],
        &["walk"],
        &["check-config"],
        &[],
    ] {
        let ended = sidecar(words).end();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(!ended.stderr.is_empty(), "{words:?}");
    }
    for words in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let ended = sidecar(words).stdin(Stdio::null()).end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{words:?}");
    }
}
