//! Each published crate alone, with no, each and all of its features; every warning is an error.
//!
//! A build of the whole workspace unites the features of its members, so a crate that forgets to ask
//! for a feature borrows it from its neighbours, and code that only one feature uses is never idle.

use crate::section::{Flow, Sections};
use crate::tools;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("features", "cargo xtask features", || {
        let hack = tools::HACK.program(workspace)?;
        workspace.run_program(&hack, &arguments(workspace.metadata.published().map(|package| &*package.name)))
    })
}

/// `--no-dev-deps` would rewrite manifests while it runs. It is not needed: the resolver leaves the
/// features of dev-dependencies out wherever no test or example is built.
fn arguments<'a>(packages: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut arguments = vec!["hack", "clippy", "--each-feature", "--keep-going"];
    for package in packages {
        arguments.extend(["--package", package]);
    }
    arguments.extend(["--", "-D", "warnings"]);
    arguments
}

#[cfg(test)]
mod tests {
    use super::arguments;

    #[test]
    fn every_package_is_named_and_no_manifest_is_rewritten() {
        let arguments = arguments(["a", "b"].into_iter()).join(" ");
        assert_eq!(
            arguments,
            "hack clippy --each-feature --keep-going --package a --package b -- -D warnings"
        );
    }
}
