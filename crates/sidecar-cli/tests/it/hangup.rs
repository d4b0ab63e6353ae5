//! SIGHUP: the configuration is loaded again, and the program says what that did.

use crate::program::{Outcome as _, Serving as _, run};
use sidecar_harness::eventually_some;
use sidecar_harness::http::get;
use sidecar_harness::process::Program;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn write(path: &Path, events: &str) {
    // A new file in place of the old one: never half of it.
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, format!("runtime: {{ sidecar: {{ sampling: {{ events: {events} }} }} }}\n"))
        .expect("written");
    fs::rename(fresh, path).expect("one directory");
}

/// What the program says once the signal has come for the `nth` time.
fn hang_up(program: &Program, nth: usize) -> String {
    program.signal("HUP");
    eventually_some("an answer", || {
        let said = program.stderr();
        let whole = said.rfind('\n').map_or("", |end| &said[..end]);
        let answers: Vec<_> =
            whole.split("sidecar: configuration ").skip(1).map(|text| text.trim().to_owned()).collect();
        // The refusal is two lines.
        answers.get(nth - 1).filter(|text| !text.starts_with("refused") || text.contains('\n')).cloned()
    })
}

#[test]
fn it_says_whether_the_settings_changed_and_goes_on() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("settings.yml");
    write(&path, "0.5");
    let mut program = run(["--listen", "127.0.0.1:0", "--config", path.to_str().expect("UTF-8")]).start();
    let address = program.address();
    let rate = || get(address, "/config").json()["runtime"]["sidecar"]["sampling"]["events"].as_f64();
    assert_eq!(hang_up(&program, 1), "reloaded: unchanged");
    assert_eq!(rate(), Some(0.5));
    // A file that is refused stays so, however often the watch has looked at it before.
    write(&path, "7");
    let reason = "runtime.sidecar.sampling.events is 7, but must be a number from 0.0 to 1.0";
    let refused = format!("refused, everything stays as it was\nsidecar: {}:1: {reason}", path.display());
    assert_eq!(hang_up(&program, 2), refused);
    assert_eq!(rate(), Some(0.5));
    write(&path, "0.25");
    let said = hang_up(&program, 3);
    // The watch may have been faster.
    assert!(["reloaded: changed", "reloaded: unchanged"].contains(&said.as_str()), "{said}");
    assert_eq!(rate(), Some(0.25));
    program.signal("TERM");
    let ended = program.end();
    assert_eq!((ended.code, &ended.summary().json["ended_by"]), (Some(0), &"SIGTERM".into()));
}

#[test]
fn without_a_file_nothing_changes() {
    let dir = TempDir::new().expect("a directory");
    let mut program = run(["--listen", "127.0.0.1:0"]).dir(dir.path()).start();
    let _ = program.address();
    assert_eq!(hang_up(&program, 1), "reloaded: unchanged");
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}
