//! Formatting, checked or corrected.

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

pub(crate) fn check(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("fmt", "cargo xtask fmt (with --fix it corrects the files)", || {
        workspace.run_cargo(&["fmt", "--all", "--", "--check"])
    })
}

pub(crate) fn fix(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("fmt", "cargo xtask fmt --fix", || workspace.run_cargo(&["fmt", "--all"]))
}
