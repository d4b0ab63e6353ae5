//! Rates from files and variables, and a ledger that stays exact.

use crate::program::{Outcome as _, RECORDING, Summary, run};
use std::fs;
use tempfile::TempDir;

const EVENTS: u64 = 20_000;

fn lines(event_type: &str) -> String {
    format!("{{\"event_type\":\"{event_type}\",\"data\":{{\"n\":1}}}}\n").repeat(EVENTS as usize)
}

/// Checks that about `share` of what came was kept: within six standard deviations.
#[track_caller]
fn assert_kept(summary: &Summary, received: u64, share: f64) {
    let ledger = summary.ledger();
    assert_eq!(ledger.received, received);
    assert_eq!((ledger.dropped(), ledger.failed, ledger.waiting), (0, 0, 0));
    let expected = received as f64 * share;
    let deviation = (expected * (1.0 - share)).sqrt();
    let distance = (ledger.processed as f64 - expected).abs();
    assert!(distance <= 6.0 * deviation, "{} kept of {received}, at {share}", ledger.processed);
}

#[test]
fn a_rate_from_a_file_holds_for_the_signals_that_have_none() {
    let dir = TempDir::new().expect("a directory");
    let file = dir.path().join("any.yml");
    fs::write(&file, "runtime: {sidecar: {sampling: {events: 0.1, traces: 1.0, event_types: {login: 0.5}}}}")
        .expect("written");
    let file = file.to_str().expect("UTF-8");
    for (event_type, share) in [("test_end", 0.1), ("order", 0.1), ("span_end", 1.0), ("login", 0.5)] {
        let ended = run(["-", "--config", file]).fed(lines(event_type));
        assert_kept(&ended.summary(), EVENTS, share);
    }
}

#[test]
fn a_variable_is_stronger_than_a_file() {
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("crossbridge.yml"), "runtime: {sidecar: {sampling: {events: 0.1}}}")
        .expect("written");
    let launch = || run(["-"]).dir(dir.path());
    assert_kept(&launch().fed(lines("order")).summary(), EVENTS, 0.1);
    assert_kept(&launch().env("SIDECAR_SAMPLE_EVENTS", "0.4").fed(lines("order")).summary(), EVENTS, 0.4);
    let traces = launch().env("SIDECAR_SAMPLE_TRACES", "0.7").fed(lines("trace"));
    assert_kept(&traces.summary(), EVENTS, 0.7);
}

#[test]
fn of_several_files_the_later_one_wins() {
    let dir = TempDir::new().expect("a directory");
    let [first, second] = [("first.json", "0"), ("second.toml", "1")].map(|(name, rate)| {
        let text = match name.ends_with("json") {
            true => format!(r#"{{"runtime":{{"sidecar":{{"sampling":{{"events":{rate}}}}}}}}}"#),
            false => format!("[runtime.sidecar.sampling]\nevents = {rate}\n"),
        };
        let path = dir.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    });
    let kept = |words: [&str; 5]| run(words).end().summary().ledger().processed;
    assert_eq!(kept([RECORDING, "--config", &first, "--config", &second]), 2_602);
    assert_eq!(kept([RECORDING, "--config", &second, "--config", &first]), 0);
}
