//! Where settings come from, and what is wrong with them.

use crate::program::{Outcome as _, RECORDING, run, sidecar};
use std::fs;
use tempfile::TempDir;

const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sidecar-runtime/tests/data/");

const ELEVEN_ERRORS: &str = "\
runtime:
  sidecar:
    enabled: 7
    sampling: {events: 2, traces: x, eventz: 1}
    resources: {max_queue_size: 0, max_cpu_percent: -1, max_memory_mb: yes please}
observability:
  circuit_breaker: {failure_threshold: 0, timeout: -5}
  health: {check_interval: 0, degraded_threshold: 3}
";

#[test]
fn the_documents_own_files_are_valid_and_every_key_tells_its_origin() {
    let file = |name: &str| format!("{DOCUMENTS}{name}.yml");
    for (name, lines) in [
        (
            "quick-start",
            &["runtime.sidecar.sampling.events = 0.1", "runtime.sidecar.resources.max_queue_size = 10000"][..],
        ),
        ("hardening-circuit-breaker", &["observability.circuit_breaker.sliding_window_size = 120"]),
        ("hardening-health", &["observability.health.degraded_threshold = 0.7"]),
        ("hardening-performance", &["observability.performance.retention_seconds = 3600"]),
    ] {
        let ended = sidecar(["check-config", &file(name)]).end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{name}");
        for line in lines {
            let found = ended.stdout.lines().find(|found| found.starts_with(line)).unwrap_or_default();
            assert!(found.contains(&file(name)), "{line}: {found:?}");
        }
        assert!(
            ended.stdout.lines().all(|line| line.contains(" = ") && line.ends_with(')')),
            "{}",
            ended.stdout
        );
        assert!(ended.stdout.contains("(default)"));
    }
    let both = [file("quick-start"), file("hardening-health")];
    let ended = sidecar(["check-config", &both[0], &both[1]]).env("SIDECAR_CPU_BUDGET", "2.5").end();
    for origin in [both[0].as_str(), &both[1], "SIDECAR_CPU_BUDGET"] {
        assert!(ended.stdout.contains(origin), "{origin}");
    }
}

#[test]
fn every_error_of_a_bad_file_is_told_at_once() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("bad.yml");
    fs::write(&path, ELEVEN_ERRORS).expect("written");
    let path = path.to_str().expect("UTF-8");
    for words in [&["check-config", path][..], &["run", RECORDING, "--config", path]] {
        let ended = sidecar(words).env("SIDECAR_SAMPLE_PROFILING", "often").end();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
        assert_eq!(ended.stderr.lines().count(), 12, "{}", ended.stderr);
        for (place, key) in [
            (":3:", "runtime.sidecar.enabled"),
            (":4:", "runtime.sidecar.sampling.traces"),
            (":4:", "runtime.sidecar.sampling.eventz"),
            (":5:", "runtime.sidecar.resources.max_queue_size"),
            (":7:", "observability.circuit_breaker.failure_threshold"),
            (":8:", "observability.health.degraded_threshold"),
            ("SIDECAR_SAMPLE_PROFILING", "runtime.sidecar.sampling.profiling"),
        ] {
            let told =
                |line: &str| line.starts_with("sidecar: ") && line.contains(place) && line.contains(key);
            assert!(ended.stderr.lines().any(told), "{place} {key}: {}", ended.stderr);
        }
        assert!(ended.stderr.contains("did you mean events?"));
    }
}

#[test]
fn a_section_that_only_resembles_ours_is_a_warning_and_an_error_when_checked() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("nearly.yml");
    fs::write(&path, "observability: {heatlh: {enabled: true}}").expect("written");
    let path = path.to_str().expect("UTF-8");
    let ended = run([RECORDING, "--config", path]).end();
    assert_eq!((ended.code, ended.stderr.lines().count()), (Some(0), 1), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("sidecar: warning: ") && ended.stderr.contains("heatlh"));
    ended.summary().assert_all_processed(2_602);
    sidecar(["check-config", path]).end().assert_refused(&["heatlh"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let dir = TempDir::new().expect("a directory");
    let missing = dir.path().join("missing.yml");
    let missing = missing.to_str().expect("UTF-8");
    sidecar(["check-config", missing]).end().assert_refused(&[missing]);
    run([RECORDING, "--config", missing]).end().assert_refused(&[missing]);
    run([RECORDING, "--config", "/"]).end().assert_refused(&["/"]);
}

#[test]
fn only_a_file_of_the_right_name_is_found_in_the_working_directory() {
    let dir = TempDir::new().expect("a directory");
    let quiet = run([RECORDING]).dir(dir.path()).end();
    assert_eq!(quiet.stderr, "", "nothing was found, so nothing is said");

    let write = |name: &str, rate: f64| {
        let text = format!("runtime: {{sidecar: {{sampling: {{events: {rate}}}}}}}");
        fs::write(dir.path().join(name), text).expect("written");
    };
    write("crossbridge.yml", 0.0);
    let found = run([RECORDING]).dir(dir.path()).end();
    assert_eq!(found.stderr, "sidecar: configuration read from ./crossbridge.yml\n");
    assert_eq!(found.summary().ledger().sampled_out, 2_602);

    write("other.yml", 1.0);
    let given = run([RECORDING, "--config", "other.yml"]).dir(dir.path()).end();
    assert_eq!(given.stderr, "");
    given.summary().assert_all_processed(2_602);

    write("crossbridge.yaml", 0.0);
    let both = run([RECORDING]).dir(dir.path()).end();
    both.assert_refused(&["crossbridge.yml", "crossbridge.yaml"]);
}
