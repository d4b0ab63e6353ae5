//! The rules on files that no compiler checks.
//!
//! Each rule is a function from the text of a file, or from all files, to [`Finding`]s.

pub(crate) mod files;
mod links;
mod manifest;
mod measured;
mod readme;
mod rust;
mod text;
mod top_level;

use std::fmt;

use anyhow::bail;

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;
use files::Tracked;

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// Counted from 1; 0 where the whole file is meant.
    line: usize,
    what: String,
    is_warning: bool,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), is_warning: false }
    }

    fn warning(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::new(path, line, what) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.is_warning { "warning" } else { "error" };
        write!(f, "{level}: {}", self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.what)
    }
}

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("tidy", "cargo xtask tidy", || {
        let files = files::tracked(workspace)?;
        let findings = findings(&files);
        for finding in &findings {
            println!("{finding}");
        }
        let warnings = findings.iter().filter(|finding| finding.is_warning).count();
        let errors = findings.len() - warnings;
        println!("{} files, errors: {errors}, warnings: {warnings}", files.len());
        if errors > 0 {
            bail!("errors: {errors}");
        }
        Ok(())
    })
}

fn findings(files: &[Tracked]) -> Vec<Finding> {
    let mut found = top_level::check(files);
    found.extend(readme::check(files));
    found.extend(links::check(files));
    found.extend(measured::check(files));
    for file in files {
        let (path, text) = (&*file.path, &*file.text);
        found.extend(text::check(path, text));
        if path.ends_with(".rs") {
            found.extend(rust::check(path, text));
        }
        if manifest::is_of_a_member(path) {
            found.extend(manifest::check(path, text));
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_applied_and_findings_are_in_order_of_place() {
        let file = |path: &str, text: &str| Tracked { path: path.to_owned(), text: text.to_owned() };
        let found = findings(&[
            file("notes.md", "[gone](gone.md)\n"),
            file("scratch.txt", "left over \n"),
            file("crates/a/src/lib.rs", "fn f() {}\n"),
            file("crates/a/Cargo.toml", "[package]\nname = \"b\"\n"),
        ]);
        let places: Vec<_> = found.iter().map(|finding| (&*finding.path, finding.line)).collect();
        let expected = [
            ("README.md", 0),
            ("crates/a/Cargo.toml", 0),
            ("crates/a/src/lib.rs", 1),
            ("notes.md", 0),
            ("notes.md", 1),
            ("scratch.txt", 0),
            ("scratch.txt", 1),
        ];
        let mut distinct = places.clone();
        distinct.dedup();
        assert_eq!(distinct, expected, "{found:#?}");
    }

    #[test]
    fn a_finding_says_where_it_is() {
        assert_eq!(Finding::new("a.rs", 3, "is long").to_string(), "error: a.rs:3: is long");
        assert_eq!(Finding::warning("a.rs", 0, "is long").to_string(), "warning: a.rs: is long");
    }
}
