//! What may enter the dependency tree: `deny.toml` has the rules.

use std::path::Path;

use xshell::cmd;

use crate::section::{Flow, Sections};
use crate::tools;
use crate::workspace::Workspace;

/// How long the database of advisories may take to arrive.
const FETCH_SECONDS: u32 = 60;

const AGAIN: &str = "cargo xtask deny";

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    let deny = sections.run("deny", AGAIN, || {
        let deny = tools::DENY.program(workspace)?;
        // A warning is a rule that no longer applies to anything.
        let check = ["--locked", "check", "--deny", "warnings", "bans", "licenses", "sources"];
        workspace.run_program(&deny, &check)?;
        Ok(deny)
    })?;
    if let Err(why) = fetch(workspace, &deny) {
        sections.out_of_reach("advisories", &format!("their database cannot be fetched: {why}"));
        return Ok(());
    }
    // What was fetched is what is checked: a network that goes away in between changes nothing.
    let check = ["--locked", "--offline", "check", "advisories"];
    sections.run("advisories", AGAIN, || workspace.run_program(&deny, &check))
}

/// Brings the database up to date; the error says why that is not possible here.
fn fetch(workspace: &Workspace, deny: &Path) -> Result<(), String> {
    let limit = FETCH_SECONDS.to_string();
    // `timeout` ends the whole group of processes: it is git that waits, two levels down.
    let command = cmd!(workspace.shell, "timeout --kill-after=5 {limit} {deny} fetch db");
    let command = command.env("GIT_TERMINAL_PROMPT", "0").quiet().ignore_status();
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(TIMED_OUT) => Err(format!("no answer within {FETCH_SECONDS} s")),
        _ => Err(reason(&String::from_utf8_lossy(&output.stderr))),
    }
}

/// The status with which `timeout` says that it ended the command.
const TIMED_OUT: i32 = 124;

/// The one line of a report of git that says what is wrong, else its last.
fn reason(report: &str) -> String {
    let mut lines = report.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines.clone().find(|line| line.starts_with("fatal:"));
    fatal.or_else(|| lines.next_back()).unwrap_or("no reason given").to_owned()
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_reason_is_what_git_calls_fatal() {
        let report =
            "2026 [ERROR] failed to fetch\n\nCaused by:\n  fatal: unable to access: refused\n  more\n";
        assert_eq!(reason(report), "fatal: unable to access: refused");
        assert_eq!(reason("one\ntwo\n\n"), "two");
        assert_eq!(reason(""), "no reason given");
    }
}
