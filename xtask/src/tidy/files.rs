//! The files of the project: those that git tracks, or, without git, those that are there.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use xshell::cmd;

use crate::workspace::Workspace;

/// A tracked file.
#[derive(Debug)]
pub(crate) struct Tracked {
    /// From the root, with `/` between its parts.
    pub(crate) path: String,
    /// Empty where the file is not text: no rule then finds anything in it.
    pub(crate) text: String,
}

/// The project's files in order of path.
pub(crate) fn tracked(workspace: &Workspace) -> anyhow::Result<Vec<Tracked>> {
    let listed = cmd!(workspace.shell, "git ls-files -z").quiet().ignore_stderr().read();
    let mut paths = match listed {
        Ok(listed) if !listed.is_empty() => split(&listed),
        _ => {
            println!("git lists no files here: every file outside target is looked at");
            let mut paths = Vec::new();
            walk(&workspace.root, "", &mut paths)?;
            paths
        }
    };
    paths.sort();
    // A path in conflict is listed once for each side.
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        // A file may be deleted and still be tracked.
        let Ok(bytes) = fs::read(workspace.root.join(&path)) else { continue };
        files.push(Tracked { path, text: as_text(bytes) });
    }
    Ok(files)
}

fn split(listed: &str) -> Vec<String> {
    listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

fn as_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).unwrap_or_default()
}

/// Adds every file below `folder`, whose path from the root is `prefix`.
fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        if entry.file_type()?.is_dir() {
            if name != ".git" && path != "target" {
                walk(&entry.path(), &format!("{path}/"), paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_git_is_split_at_its_zeros() {
        assert_eq!(split("Cargo.toml\0docs/with space.md\0"), ["Cargo.toml", "docs/with space.md"]);
    }

    #[test]
    fn what_is_not_text_has_none() {
        assert_eq!(as_text(b"plain\n".to_vec()), "plain\n");
        assert_eq!(as_text(vec![0xff, 0xfe]), "");
        assert_eq!(as_text(b"a\0b".to_vec()), "");
    }

    #[test]
    fn the_walk_leaves_out_git_and_the_build_but_not_a_folder_called_target() {
        let root = std::env::temp_dir().join(format!("xtask-walk-{}", std::process::id()));
        for path in [".git/config", "target/debug/x", "src/target/lib.rs", ".gitignore", "src/main.rs"] {
            let file = root.join(path);
            fs::create_dir_all(file.parent().expect("it lies in the root")).expect("the folder is ours");
            fs::write(file, "").expect("the file is ours");
        }
        let mut paths = Vec::new();
        let walked = walk(&root, "", &mut paths);
        fs::remove_dir_all(&root).expect("the folder is ours");
        walked.expect("the folder can be read");
        paths.sort();
        assert_eq!(paths, [".gitignore", "src/main.rs", "src/target/lib.rs"]);
    }
}
