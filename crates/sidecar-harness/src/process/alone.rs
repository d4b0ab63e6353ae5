//! Tests that need a process of their own: they look at its threads, or at its environment.

use super::without_settings;
use std::process::Command;

/// Tells the child which test it was started for.
const MARK: &str = "RUN_ALONE";

/// Runs `body` in a child process that runs nothing else, with these `SIDECAR_*` variables and no others. `test`
/// is the calling test, by its path within its binary.
///
/// # Panics
/// If the test fails in the child, or no test has this path.
#[track_caller]
pub fn alone(test: &str, variables: &[(&str, &str)], body: impl FnOnce()) {
    if std::env::var_os(MARK).is_some_and(|mark| mark == test) {
        return body();
    }
    let mut child = Command::new(std::env::current_exe().expect("this binary has a path"));
    without_settings(&mut child);
    child.args(["--exact", test, "--test-threads=1", "--nocapture"]).env(MARK, test);
    let output = child.envs(variables.iter().copied()).output().expect("this binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.contains(" 1 passed;"), "no test is called {test:?}: {said}");
}
