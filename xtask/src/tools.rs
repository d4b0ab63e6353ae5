//! The programs that some flows need beyond the toolchain: one pinned version of each, installed under
//! `target/tools`.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, ensure};

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

/// A program on crates.io that cargo installs.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    version: &'static str,
}

pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
pub(crate) const HACK: Tool = Tool { name: "cargo-hack", version: "0.6.46" };
pub(crate) const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };

const ALL: &[Tool] = &[MACHETE, DENY, HACK];

/// One profile for all, so that what two of them share is built once, and one that is there soon: the
/// tools read a few hundred small files.
const PROFILE: &[&str] = &[
    "profile.release.codegen-units=16",
    "profile.release.debug=false",
    "profile.release.incremental=false",
    "profile.release.lto=\"off\"",
    "profile.release.opt-level=0",
    "profile.release.strip=\"symbols\"",
    // Without these they would take seconds to read them: it is all regular expressions.
    "profile.release.package.aho-corasick.opt-level=2",
    "profile.release.package.memchr.opt-level=2",
    "profile.release.package.regex-automata.opt-level=2",
    "profile.release.package.regex-syntax.opt-level=2",
];

/// Installs what is not there yet in the version of the table.
pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    ALL.iter().try_for_each(|tool| {
        let name = format!("set up {}", tool.name);
        sections.run(name, "cargo xtask setup", || install(tool, workspace))
    })
}

fn install(tool: &Tool, workspace: &Workspace) -> anyhow::Result<()> {
    let Tool { name, version } = tool;
    if tool.is_installed(workspace)? {
        println!("{name} {version} is there");
        return Ok(());
    }
    let root = folder(workspace);
    let mut arguments =
        vec!["install", "--locked", "--force", "--root", path(&root)?, "--version", version, name];
    println!("$ cargo {}", arguments.join(" "));
    arguments.extend(PROFILE.iter().flat_map(|setting| ["--config", setting]));
    workspace.cargo(&arguments).env("CARGO_TARGET_DIR", root.join("build")).run().with_context(|| {
        format!("{name} {version} cannot be installed: it comes from the registry, which has to be reachable")
    })
}

impl Tool {
    /// The program to run, or what to do where it is missing.
    pub(crate) fn program(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let Self { name, version } = self;
        ensure!(
            self.is_installed(workspace)?,
            "{name} {version} is not there: `cargo xtask setup` installs it"
        );
        Ok(self.place(workspace))
    }

    fn is_installed(&self, workspace: &Workspace) -> anyhow::Result<bool> {
        let root = folder(workspace);
        // Cargo's own record: each program words its `--version` in its own way.
        let listed = workspace.cargo(&["install", "--list", "--root", path(&root)?]).read()?;
        Ok(self.is_listed(&listed) && self.place(workspace).is_file())
    }

    /// Whether `cargo install --list` names this tool in this version.
    fn is_listed(&self, listed: &str) -> bool {
        listed.lines().any(|line| line == format!("{} v{}:", self.name, self.version))
    }

    fn place(&self, workspace: &Workspace) -> PathBuf {
        folder(workspace).join("bin").join(format!("{}{EXE_SUFFIX}", self.name))
    }
}

/// Whether a program that is not ours to install is there, and runs.
pub(crate) fn is_installed(program: impl AsRef<OsStr>) -> bool {
    version(program).is_some_and(|status| status.success())
}

/// As [`is_installed`], for programs that fail when they are asked for their version.
pub(crate) fn is_there(program: impl AsRef<OsStr>) -> bool {
    version(program).is_some()
}

/// How a program ends that is asked for its version, if it can be started.
fn version(program: impl AsRef<OsStr>) -> Option<ExitStatus> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok()
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.metadata.target_directory.join("tools")
}

fn path(path: &std::path::Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pinned_version_counts_as_installed() {
        let listed = "cargo-deny v0.20.2:\n    cargo-deny\ncargo-hack v0.6.4:\n    cargo-hack\n";
        assert!(DENY.is_listed(listed));
        assert!(!HACK.is_listed(listed), "0.6.4 is not {}", HACK.version);
        assert!(!MACHETE.is_listed(listed));
        assert!(!DENY.is_listed(""));
    }

    #[test]
    fn a_program_that_is_not_there_is_not_installed() {
        assert!(!is_installed("xtask-no-such-program") && !is_there("xtask-no-such-program"));
        assert!(is_installed("cargo") && is_there("cargo"));
        assert!(!is_installed("false") && is_there("false"), "it runs, and fails");
    }
}
