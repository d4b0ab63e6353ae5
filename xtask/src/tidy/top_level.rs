//! The top level holds what a visitor needs to find, and nothing else.

use std::collections::BTreeSet;

use super::Finding;
use super::files::Tracked;

const NAMES: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "benches",
    "crates",
    "deny.toml",
    "docs",
    "examples",
    "rustfmt.toml",
    "xtask",
];

pub(super) fn check(files: &[Tracked]) -> Vec<Finding> {
    let names: BTreeSet<_> = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    let strangers = names.into_iter().filter(|name| !belongs(name));
    strangers.map(|name| Finding::new(name, 0, "does not belong to the top level")).collect()
}

fn belongs(name: &str) -> bool {
    name.starts_with('.') || name.starts_with("LICENSE-") || NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strangers(paths: &[&str]) -> Vec<String> {
        let file = |path: &&str| Tracked { path: (*path).to_owned(), text: String::new() };
        let files: Vec<_> = paths.iter().map(file).collect();
        check(&files).into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn what_belongs_there_passes() {
        let paths =
            ["Cargo.toml", "crates/a/src/lib.rs", "LICENSE-MIT", ".gitignore", ".ci/run", "docs/notes.txt"];
        assert_eq!(strangers(&paths), [""; 0]);
    }

    #[test]
    fn a_file_or_folder_that_does_not_belong_there_is_caught_once() {
        assert_eq!(strangers(&["notes.txt", "scripts/a.sh", "scripts/b.sh"]), ["notes.txt", "scripts"]);
    }
}
