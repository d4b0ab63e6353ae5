//! Dependencies that a manifest lists and no source names.

use crate::section::{Flow, Sections};
use crate::tools;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("machete", "cargo xtask machete", || {
        let machete = tools::MACHETE.program(workspace)?;
        // Unpacked packages lie below target: they repeat what the members have.
        workspace.run_program(&machete, &["--skip-target-dir", "."])
    })
}
