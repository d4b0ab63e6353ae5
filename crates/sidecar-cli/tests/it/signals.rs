//! A run that is ended from outside.

use crate::program::{Outcome as _, RECORDING, Serving as _, run};
use sidecar_harness::eventually_some;
use sidecar_harness::http::{get, try_ask};
use sidecar_harness::process::Program;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;

/// Writes lines until nobody reads any more.
fn stream(program: &mut Program, pause: Duration) -> JoinHandle<()> {
    let mut stdin = program.stdin();
    thread::spawn(move || {
        for number in 0.. {
            let line = format!("{{\"event_type\":\"tick\",\"data\":{{\"n\":{number}}}}}\n");
            if stdin.write_all(line.as_bytes()).is_err() {
                return;
            }
            thread::sleep(pause);
        }
    })
}

#[track_caller]
pub(crate) fn wait_for_events(address: SocketAddr, count: u64) {
    eventually_some("events", || {
        let stats = get(address, "/events/stats").json();
        stats["events_processed"].as_u64().filter(|processed| *processed >= count)
    });
}

#[test]
fn an_endless_stream_ends_with_its_summary_and_nothing_dropped() {
    for (pause, events, signal) in [(1, 50, "TERM"), (0, 5_000, "INT")] {
        let mut program = run(["-", "--listen", "127.0.0.1:0"]).stdin(Stdio::piped()).start();
        let address = program.address();
        let writing = stream(&mut program, Duration::from_millis(pause));
        wait_for_events(address, events);
        program.signal(signal);
        let ended = program.end();
        writing.join().expect("no panic");
        let summary = ended.summary();
        let [lines, ..] = summary.lines();
        assert_eq!((ended.code, lines >= events), (Some(0), true));
        // Every line that was read became an event, and none of them came too late.
        summary.assert_all_processed(lines);
        assert_eq!(summary.json["ended_by"], format!("SIG{signal}"));
    }
}

#[test]
fn lingering_goes_on_serving_until_a_signal() {
    let mut program =
        run([RECORDING, "--listen", "127.0.0.1:0", "--linger", "86400", "--fail-on-failure"]).start();
    let address = program.address();
    wait_for_events(address, 2_602);
    assert_eq!(get(address, "/ready").status, 200);
    assert!(!program.has_ended());
    program.signal("INT");
    let ended = program.end();
    assert_eq!(ended.code, Some(1), "the tests failed, however the run ended");
    ended.summary().assert_all_processed(2_602);
    assert!(try_ask(address, "GET /live", &[], b"").is_err(), "nobody serves any more");
}

#[test]
fn lingering_ends_by_itself() {
    let ended = run([RECORDING, "--listen", "127.0.0.1:0", "--linger", "1"]).end();
    let summary = ended.summary();
    assert_eq!((ended.code, &summary.json["ended_by"]), (Some(0), &"end of input".into()));
    let elapsed = summary.json["elapsed_seconds"].as_f64().expect("a number");
    let rate = summary.json["events_per_second"].as_f64().expect("a number");
    assert!(
        elapsed >= 1.0 && rate > 2_602.0 / elapsed,
        "{rate} a second is without the {elapsed} s of lingering"
    );
}

#[test]
fn without_input_it_serves_until_a_signal() {
    let mut program = run(["--listen", "127.0.0.1:0"]).start();
    let address = program.address();
    assert_eq!(get(address, "/live").status, 200);
    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0));
    ended.summary().assert_all_processed(0);
}

#[test]
fn a_named_pipe_that_nobody_has_opened_yet_holds_up_nothing() {
    let dir = TempDir::new().expect("a directory");
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    let path = pipe.to_str().expect("UTF-8");
    let launch = || run([path, "--listen", "127.0.0.1:0"]).start();

    let mut program = launch();
    let address = program.address();
    std::fs::write(&pipe, "{\"event_type\":\"x\"}\n").expect("written");
    let ended = program.end();
    assert_eq!((ended.code, address.ip().is_loopback()), (Some(0), true));
    ended.summary().assert_all_processed(1);

    let mut program = launch();
    assert_eq!(get(program.address(), "/ready").status, 200);
    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0));
    ended.summary().assert_all_processed(0);
}
