//! Type checks: all targets at once, then each publishable crate alone.
//!
//! A build of the whole workspace unites the features of its members, so a crate that forgets to ask
//! for a feature borrows it from its neighbours. Alone it cannot.

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    let all = ["check", "--workspace", "--all-targets"];
    sections.run("check all targets", &command(&all), || workspace.run_cargo(&all))?;
    for package in workspace.metadata.published() {
        let alone = ["check", "-p", &package.name];
        sections
            .run(format!("check {} alone", package.name), &command(&alone), || workspace.run_cargo(&alone))?;
    }
    Ok(())
}

fn command(arguments: &[&str]) -> String {
    format!("cargo {}", arguments.join(" "))
}
