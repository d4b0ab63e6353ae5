//! Everything that has to pass, the quickest answers first.

use std::io::IsTerminal as _;

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;
use crate::{
    bench, check, deny, deps, doc, examples, features, fmt, fuzz, interop, lint, loom, machete, package,
    test, tidy, tools,
};

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    set_environment(workspace);
    fmt::check(workspace, sections)?;
    deps::run(workspace, sections)?;
    tidy::run(workspace, sections)?;
    package::contents(workspace, sections)?;
    tools::run(workspace, sections)?;
    machete::run(workspace, sections)?;
    deny::run(workspace, sections)?;
    lint::run(workspace, sections)?;
    features::run(workspace, sections)?;
    check::run(workspace, sections)?;
    test::run(workspace, sections)?;
    bench::smoke(workspace, sections)?;
    loom::run(workspace, sections)?;
    doc::run(workspace, sections)?;
    examples::run(workspace, sections)?;
    interop::run(workspace, sections, None)?;
    fuzz::run(workspace, sections, None, fuzz::DEFAULT_SECONDS)
}

fn set_environment(workspace: &Workspace) {
    let shell = &workspace.shell;
    // Incremental data costs time and space and pays only where the same tree is built again.
    shell.set_var("CARGO_INCREMENTAL", "0");
    if shell.var_os("CARGO_TERM_COLOR").is_none() {
        let color = if std::io::stderr().is_terminal() { "always" } else { "never" };
        shell.set_var("CARGO_TERM_COLOR", color);
    }
}
