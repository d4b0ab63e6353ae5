//! Tests: built first, then run, so that the two times are told apart; then the documentation's.

use crate::section::{Flow, Sections};
use crate::tools::is_installed;
use crate::workspace::Workspace;

const AGAIN: &str = "cargo xtask test";

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    for program in PROGRAMS.iter().filter(|program| !is_installed(program)) {
        sections.skip(&format!("tests with {program}"), &format!("{program} is not installed"))?;
    }
    let command = if has_nextest(workspace) { NEXTEST } else { LIBTEST };
    sections.run("build the tests", AGAIN, || {
        let mut build = command.to_vec();
        build.push("--no-run");
        workspace.run_cargo(&build)
    })?;
    sections.run("test", AGAIN, || {
        let mut run = command.to_vec();
        run.push("--no-fail-fast");
        workspace.run_cargo(&run)
    })?;
    // Neither of the two commands above runs the tests in the documentation.
    let doctests = ["test", "--workspace", "--all-features", "--doc"];
    sections.run("test the documentation", &format!("cargo {}", doctests.join(" ")), || {
        workspace.run_cargo(&doctests)
    })
}

/// Programs that tests ask, where they are installed.
const PROGRAMS: &[&str] = &["promtool", "strace"];

const NEXTEST: &[&str] = &["nextest", "run", "--workspace", "--all-features"];
const LIBTEST: &[&str] = &["test", "--workspace", "--all-features", "--lib", "--bins", "--tests"];

fn has_nextest(workspace: &Workspace) -> bool {
    workspace.cargo(&["nextest", "--version"]).ignore_stderr().read().is_ok()
}
