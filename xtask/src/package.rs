//! The packages that users get: each carries what it must, and builds from nothing but itself.

use anyhow::ensure;

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

/// What every package carries. The licence texts are links to the root's; the readme is inherited.
const CARRIED: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT", "README.md"];

const AGAIN: &str = "cargo xtask package";

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    contents(workspace, sections)?;
    sections.run("build the packages", AGAIN, || {
        let unpublished = workspace.metadata.packages.iter().filter(|package| !package.is_published());
        workspace.run_cargo(&arguments(unpublished.map(|package| &*package.name)))
    })
}

/// The quick half: what the packages hold.
pub(crate) fn contents(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("package contents", AGAIN, || {
        let mut missing = 0;
        for package in workspace.metadata.published() {
            let list = ["package", "--list", "--allow-dirty", "--package", &package.name];
            let listed = workspace.cargo(&list).ignore_stderr().read()?;
            for file in absent(&listed) {
                println!("{} carries no {file}", package.name);
                missing += 1;
            }
        }
        ensure!(missing == 0, "files that packages lack: {missing}");
        Ok(())
    })
}

/// Cargo packs in order of dependency; a package finds its neighbours as packages too.
fn arguments<'a>(unpublished: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // A release looks for changes that are not committed before it does anything else.
    let mut arguments = vec!["package", "--locked", "--allow-dirty", "--workspace"];
    for package in unpublished {
        arguments.extend(["--exclude", package]);
    }
    arguments
}

fn absent(listed: &str) -> Vec<&'static str> {
    CARRIED.iter().copied().filter(|file| !listed.lines().any(|line| line == *file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_lacks_is_named() {
        assert_eq!(absent("Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs\n"), [""; 0]);
        assert_eq!(absent("LICENSE-MIT\ndocs/README.md\n"), ["LICENSE-APACHE", "README.md"]);
    }

    #[test]
    fn members_that_are_not_for_users_are_not_packed() {
        let arguments = arguments(["benches", "xtask"].into_iter()).join(" ");
        assert!(arguments.ends_with("--workspace --exclude benches --exclude xtask"), "{arguments}");
    }
}
