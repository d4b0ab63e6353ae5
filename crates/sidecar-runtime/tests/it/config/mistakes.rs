//! What a person gets wrong, and all that they are told: `tests/data/mistakes.txt`. With the variable
//! `SIDECAR_WRITE_DOCS` set, this writes the file; otherwise it compares.

#![cfg(unix)]

use super::{NO_VARIABLES, refused};
use sidecar_runtime::config::{SidecarConfig, discover};
use std::fmt::Write as _;
use std::path::Path;

/// What was meant, the file's name and what stands in it.
const FILES: [(&str, &str, &str); 25] = [
    ("a key with a letter missing", "s.yml", "runtime:\n  sidecar:\n    sampling:\n      evnts: 0.5\n"),
    ("a share in percent", "s.yml", "runtime:\n  sidecar:\n    sampling:\n      events: 10\n"),
    ("a share with its sign", "s.yml", "runtime:\n  sidecar:\n    sampling:\n      traces: 10%\n"),
    ("a flag in quotes", "s.yml", "runtime:\n  sidecar:\n    enabled: \"true\"\n"),
    ("a flag as a number", "s.yml", "runtime:\n  sidecar:\n    resources:\n      drop_on_full: 1\n"),
    ("a time with its unit", "s.yml", "observability:\n  circuit_breaker:\n    timeout: 60s\n"),
    ("a time in milliseconds", "s.yml", "observability:\n  health:\n    check_interval: 300000\n"),
    ("no time at all", "s.yml", "observability:\n  circuit_breaker:\n    sliding_window_size: 0\n"),
    ("a size with its unit", "s.yml", "runtime:\n  sidecar:\n    resources:\n      max_memory_mb: 100MB\n"),
    ("a size below zero", "s.yml", "runtime:\n  sidecar:\n    resources:\n      max_queue_size: -1\n"),
    ("a number with a point", "s.yml", "runtime:\n  sidecar:\n    resources:\n      max_queue_size: 1e4\n"),
    ("more than one core", "s.yml", "runtime:\n  sidecar:\n    resources:\n      max_cpu_percent: 200\n"),
    (
        "one name where a list is due",
        "s.yml",
        "observability:\n  health:\n    critical_components: database\n",
    ),
    (
        "a map where a list is due",
        "s.yml",
        "observability:\n  performance:\n    percentiles:\n      p50: 0.5\n",
    ),
    ("percentiles in percent", "s.yml", "observability:\n  performance:\n    percentiles: [50, 95]\n"),
    ("a word that is nearly right", "s.yml", "runtime:\n  sidecar:\n    sampling:\n      adaptive: enable\n"),
    ("a breaker's key", "s.yml", "runtime:\n  sidecar:\n    breakers:\n      api: {failure_treshold: 3}\n"),
    ("a breaker without its map", "s.yml", "runtime:\n  sidecar:\n    breakers:\n      api: 3\n"),
    ("a key twice", "s.yml", "runtime:\n  sidecar:\n    enabled: true\n    enabled: false\n"),
    ("a key too far to the right", "s.yml", "runtime:\n  sidecar:\n    sampling:\n      enabled: true\n"),
    ("a tab", "s.yml", "runtime:\n\tsidecar: {}\n"),
    ("a merge that was not finished", "s.yml", "<<<<<<< HEAD\nruntime: {}\n=======\n"),
    ("a file that was emptied", "s.yml", ""),
    ("a text without quotes", "s.toml", "[runtime.sidecar]\nredact_fields = [password]\n"),
    ("a comma too many", "s.json", "{\"runtime\": {\"sidecar\": {\"enabled\": true,}}}\n"),
];

/// Variable and value.
const VARIABLES: [(&str, &str); 3] =
    [("SIDECAR_ENABLED", "never"), ("SIDECAR_SAMPLE_EVENTS", "10%"), ("SIDECAR_MEMORY_BUDGET_MB", "0")];

fn told() -> String {
    let mut told = String::new();
    let mut tell = |mistake: &str, message: &str| {
        writeln!(told, "{mistake}\n  {}", message.replace('\n', "\n  ")).expect("a text takes everything");
    };
    for (mistake, name, text) in FILES {
        tell(mistake, &refused(name, text).join("\n"));
    }
    for (variable, value) in VARIABLES {
        let errors = SidecarConfig::load_with(&[], [(variable, value)]).expect_err("refused");
        tell(&format!("{variable}={value}"), &errors.to_string());
    }
    let errors = SidecarConfig::load_with(&["absent.yml".into()], NO_VARIABLES).expect_err("refused");
    // The system's words differ.
    tell("a file that is not there", errors.to_string().split(": No such").next().unwrap_or_default());
    let directory = tempfile::tempdir().expect("a directory");
    for name in ["crossbridge.yml", "crossbridge.yaml"] {
        std::fs::write(directory.path().join(name), "a: 1\n").expect("a file");
    }
    let errors = discover(directory.path()).expect_err("refused").to_string();
    tell("two files to choose from", &errors.replace(&format!("{}/", directory.path().display()), ""));
    told
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_is_allowed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mistakes.txt");
    if std::env::var_os("SIDECAR_WRITE_DOCS").is_some() {
        std::fs::write(&path, told()).expect("it can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the file is there");
    for (told, golden) in told().lines().zip(golden.lines()) {
        assert_eq!(told, golden);
    }
    assert_eq!(told(), golden);
}
