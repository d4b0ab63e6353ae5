//! Clippy, with every warning an error.

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("lint", "cargo xtask lint", || {
        workspace.run_cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ])
    })
}
