//! A release: everything checked, then, only when asked to, the version raised, the changelog stamped
//! and the result committed and tagged. What leaves this machine is sent by hand.

mod changelog;
mod version;

use std::fs;

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;
use crate::{ci, package};
pub(crate) use version::Level;
use version::Version;

const MANIFEST: &str = "Cargo.toml";
const CHANGELOG: &str = "CHANGELOG.md";

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections, level: Level, execute: bool) -> Flow {
    let again = "cargo xtask release LEVEL";
    let next = sections.run("ready for a release", again, || ready(workspace, level))?;
    ci::run(workspace, sections)?;
    package::run(workspace, sections)?;
    if !execute {
        println!("\n{next} could be released: --execute writes {MANIFEST}, Cargo.lock and {CHANGELOG},");
        println!("commits them and tags the commit v{next}");
        return Ok(());
    }
    sections.run(format!("release {next}"), again, || {
        write(workspace, next)?;
        record(&workspace.shell, next)?;
        println!("to send it: git push --follow-tags, then cargo publish --workspace");
        Ok(())
    })
}

/// The next version, if nothing stands in its way.
fn ready(workspace: &Workspace, level: Level) -> anyhow::Result<Version> {
    let shell = &workspace.shell;
    let changed = cmd!(shell, "git status --porcelain").quiet().read()?;
    ensure!(changed.is_empty(), "changes that are not committed:\n{changed}");
    let entries = changelog::waiting(&read(workspace, CHANGELOG)?)?;
    let now = version::current(&read(workspace, MANIFEST)?)?;
    let next = now.next(level);
    let tag = format!("v{next}");
    let taken = cmd!(shell, "git tag --list {tag}").quiet().read()?;
    ensure!(taken.is_empty(), "there is a tag {tag} already");
    println!("{now} becomes {next}; entries in the changelog: {entries}");
    Ok(next)
}

fn write(workspace: &Workspace, next: Version) -> anyhow::Result<()> {
    let day = cmd!(workspace.shell, "date -u +%F").quiet().read()?;
    // Both texts are made before either is written.
    let manifest = version::bump(&read(workspace, MANIFEST)?, next)?;
    let changelog = changelog::stamp(&read(workspace, CHANGELOG)?, &next.to_string(), &day)?;
    fs::write(workspace.root.join(MANIFEST), manifest)?;
    fs::write(workspace.root.join(CHANGELOG), changelog)?;
    // Brings the members' versions into Cargo.lock, and nothing else.
    workspace.run_cargo(&["update", "--workspace", "--offline"])
}

/// Commits the release and tags it, in the repository where the shell is.
fn record(shell: &Shell, version: Version) -> anyhow::Result<()> {
    let (tag, message) = (format!("v{version}"), format!("chore: release {version}"));
    cmd!(shell, "git commit --quiet --message {message} -- {MANIFEST} Cargo.lock {CHANGELOG}")
        .quiet()
        .run()?;
    Ok(cmd!(shell, "git tag --annotate {tag} --message {message}").quiet().run()?)
}

fn read(workspace: &Workspace, path: &str) -> anyhow::Result<String> {
    fs::read_to_string(workspace.root.join(path)).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_could_be_released() {
        let workspace = Workspace::open().expect("the tests run inside the workspace");
        let manifest = read(&workspace, MANIFEST).expect("it is there");
        let next = version::current(&manifest).expect("it has a version").next(Level::Minor);
        let bumped = version::bump(&manifest, next).expect("every member is asked for by that version");
        assert_eq!(version::current(&bumped).expect("it has a version"), next);
        let changelog = read(&workspace, CHANGELOG).expect("it is there");
        changelog::stamp(&changelog, &next.to_string(), "2020-02-02").expect("it has the heading");
    }

    #[test]
    fn a_release_is_one_commit_of_three_files_with_a_tag() {
        let shell = Shell::new().expect("there is a current folder");
        let folder = shell.create_temp_dir().expect("temporary files can be made");
        shell.change_dir(folder.path());
        // Nobody's own settings of git take part, nor the repository whose hook may be running this.
        shell.set_var("GIT_CONFIG_GLOBAL", "/dev/null");
        shell.set_var("GIT_CONFIG_NOSYSTEM", "1");
        shell.set_var("GIT_DIR", folder.path().join(".git"));
        shell.set_var("GIT_WORK_TREE", folder.path());
        shell.set_var("GIT_INDEX_FILE", folder.path().join(".git/index"));
        for (name, value) in [("NAME", "a"), ("EMAIL", "a@example.com")] {
            shell.set_var(format!("GIT_AUTHOR_{name}"), value);
            shell.set_var(format!("GIT_COMMITTER_{name}"), value);
        }
        let write_all = |text: &str| {
            for file in [MANIFEST, "Cargo.lock", CHANGELOG] {
                shell.write_file(file, text).expect("the folder is ours");
            }
        };
        cmd!(shell, "git init --quiet .").quiet().run().expect("git is there");
        write_all("1\n");
        cmd!(shell, "git add .").quiet().run().expect("the files are there");
        cmd!(shell, "git commit --quiet -m first").quiet().run().expect("there is something to commit");
        write_all("2\n");
        shell.write_file("other", "").expect("the folder is ours");

        record(&shell, "1.2.3".parse().expect("it is a version")).expect("there is something to commit");

        let last = cmd!(shell, "git log -1 --format=%s --name-only v1.2.3").quiet().read();
        assert_eq!(
            last.expect("the tag is there"),
            "chore: release 1.2.3\n\nCHANGELOG.md\nCargo.lock\nCargo.toml"
        );
    }
}
