//! Which crate of the workspace may depend on which, and how little the smallest one compiles.

mod closure;
mod law;

use anyhow::ensure;

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("deps", "cargo xtask deps", || check(workspace))
}

fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let violations = law::violations(&workspace.metadata);
    for violation in &violations {
        println!("{violation}");
    }
    ensure!(violations.is_empty(), "breaches of the law: {}", violations.len());
    println!("{} members obey the law", workspace.metadata.packages.len());
    for &(package, limit) in closure::LIMITS {
        let tree = workspace.cargo(&closure::tree_of(package)).read()?;
        println!("{}", closure::within(&tree, package, limit)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_obeys_the_law() {
        let workspace = Workspace::open().expect("the tests run inside the workspace");
        check(&workspace).expect("the law holds");
    }
}
