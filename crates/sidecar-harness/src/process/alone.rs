//! Tests that need a process of their own: they look at its threads, or at its environment.

use super::{Ended, Launch};
use crate::PATIENCE;
use std::time::Duration;

/// Tells the child which test it was started for.
const MARK: &str = "RUN_ALONE";

/// Runs `body` in a child process that runs nothing else, with these `SIDECAR_*` variables and no others. `test`
/// is the calling test, by its path within its binary.
///
/// # Panics
/// If the test fails in the child or takes longer than [`PATIENCE`], or no test has this path.
#[track_caller]
pub fn alone(test: &str, variables: &[(&str, &str)], body: impl FnOnce()) {
    alone_for(test, variables, PATIENCE, body);
}

/// As [`alone`], for a test that may take as long as `patience`.
///
/// # Panics
/// As [`alone`].
#[track_caller]
pub fn alone_for(test: &str, variables: &[(&str, &str)], patience: Duration, body: impl FnOnce()) {
    if std::env::var_os(MARK).is_some_and(|mark| mark == test) {
        return body();
    }
    let program = std::env::current_exe().expect("this binary has a path");
    let child = Launch::new(program, ["--exact", test, "--test-threads=1", "--nocapture"]).env(MARK, test);
    let child = variables.iter().fold(child, |child, (name, value)| child.env(name, value));
    let Ended { code, stdout: said, stderr: errors } = child.start().end_within(patience);
    assert_eq!(code, Some(0), "{said}\n{errors}");
    assert!(said.contains(" 1 passed;"), "no test is called {test:?}: {said}");
}
