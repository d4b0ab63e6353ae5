//! Type checks of all targets with their default features, which no other flow builds together.

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections
        .run("check", "cargo xtask check", || workspace.run_cargo(&["check", "--workspace", "--all-targets"]))
}
