//! Markdown: a link to a file or folder of the project leads to one that is there.

use std::collections::BTreeSet;

use super::Finding;
use super::files::Tracked;

pub(super) fn check(files: &[Tracked]) -> Vec<Finding> {
    let there = places(files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, target) in targets(&file.text) {
            if !resolve(&file.path, target).is_some_and(|place| there.contains(&place)) {
                found.push(Finding::new(&file.path, line, format!("{target} leads nowhere")));
            }
        }
    }
    found
}

/// Every file and every folder that holds one; the root is the empty path.
fn places(files: &[Tracked]) -> BTreeSet<String> {
    let mut places = BTreeSet::from([String::new()]);
    for file in files {
        let folders = file.path.match_indices('/').map(|(end, _)| file.path[..end].to_owned());
        places.extend(folders);
        places.insert(file.path.clone());
    }
    places
}

/// The links of a document into the project, without their fragments, and their lines.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let inside = links(line).map(|target| target.split('#').next().unwrap_or_default());
            let inside = inside.filter(|target| !target.is_empty() && !is_address(target));
            found.extend(inside.map(|target| (number, target)));
        }
    }
    found
}

/// What stands in `[..](HERE "title")`, or after `[..]: ` at the start of a line; not what is code.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let in_text = line.match_indices("](").filter_map(|(at, opening)| {
        let is_code = line[..at].matches('`').count() % 2 == 1;
        let rest = line[at + opening.len()..].split(')').next()?;
        if is_code { None } else { rest.split_whitespace().next() }
    });
    let defined = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    in_text.chain(defined.and_then(|(_, target)| target.split_whitespace().next()))
}

/// Whether the link leads out of the project: its scheme ends before any slash.
fn is_address(target: &str) -> bool {
    target.split('/').next().is_some_and(|first| first.contains(':'))
}

/// The place from the root that a link in this document names; none where it leads out of the root.
fn resolve(document: &str, target: &str) -> Option<String> {
    let mut parts: Vec<_> = document.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Tracked {
        Tracked { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lines of `docs/guide.md` that lead nowhere.
    fn dangling(text: &str) -> Vec<usize> {
        let files = [
            file("docs/guide.md", text),
            file("docs/map.md", ""),
            file("crates/a/src/lib.rs", ""),
            file("README.md", ""),
        ];
        check(&files).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn links_to_files_and_folders_that_are_there_pass() {
        let good = "[a](map.md) and [`b`](./map.md#part \"title\")\n[c](../crates/a) [d](../crates/a/src/)\n\
                    [e](../README.md) [f](..)\n[g]: map.md\n";
        assert_eq!(dangling(good), [0; 0]);
    }

    #[test]
    fn links_to_what_is_not_there_are_caught_with_their_lines() {
        let bad = "[a](absent.md) [b](map.md)\n\n[c](../crates/b)\n[d](../../README.md)\n[e]: absent.md\n[f](/map.md)\n";
        assert_eq!(dangling(bad), [1, 3, 4, 5, 6]);
    }

    #[test]
    fn addresses_headings_and_code_are_left_alone() {
        let free = "[a](https://example.com/x) [b](#part) [c](mailto:a@example.com)\n`x[i](absent)`\n\
                    ```text\n[d](absent)\n```\n[e]: https://example.com\n";
        assert_eq!(dangling(free), [0; 0]);
        assert_eq!(dangling("```text\n```\n[a](absent)\n"), [3], "the block has ended");
    }

    #[test]
    fn only_markdown_is_read() {
        assert_eq!(check(&[file("a.rs", "// [a](absent)\n")]), []);
    }
}
