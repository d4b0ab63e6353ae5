//! Rust sources: a word about itself at the top of each entry file, no unfinished code, no skipped
//! tests, and a length that one sitting can read.

use super::Finding;

/// A file longer than this holds more than one idea: worth a look.
const LONG: usize = 400;

/// A file longer than this has to be divided.
const TOO_LONG: usize = 600;

/// Macros that mark what is not finished, in two parts so that this file may name them.
const UNFINISHED: &[&str] = &[concat!("to", "do!"), concat!("unimple", "mented!"), concat!("db", "g!")];

pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if is_entry(path) && !text.starts_with("//!") {
        found.push(Finding::new(path, 1, "the file does not begin with `//!` documentation"));
    }
    match text.lines().count() {
        length if length > TOO_LONG => {
            found.push(Finding::new(path, 0, format!("{length} lines, at most {TOO_LONG} are allowed")));
        }
        length if length > LONG => {
            found.push(Finding::warning(path, 0, format!("{length} lines, {LONG} is long")));
        }
        _ => {}
    }
    for (number, line) in (1..).zip(text.lines()) {
        for name in UNFINISHED.iter().filter(|name| calls(line, name)) {
            found.push(Finding::new(path, number, format!("{name} marks unfinished code")));
        }
        if line.trim_start().starts_with("#[ignore") {
            found.push(Finding::new(path, number, "a test that is not run proves nothing"));
        }
    }
    found
}

/// The files a reader opens first: roots of crates, examples, benches.
fn is_entry(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    matches!(
        parts[..],
        ["crates", _, "src", "lib.rs" | "main.rs"]
            | ["xtask", "src", "main.rs"]
            | ["examples" | "benches", ..]
    )
}

/// Whether the line names the macro itself, not one whose name ends alike.
fn calls(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && before != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, bool)> {
        check(path, text).iter().map(|finding| (finding.line, finding.is_warning)).collect()
    }

    #[test]
    fn an_entry_file_without_documentation_is_caught() {
        for path in [
            "crates/sidecar-core/src/lib.rs",
            "crates/sidecar-cli/src/main.rs",
            "xtask/src/main.rs",
            "examples/quick_start.rs",
            "benches/observe.rs",
            "benches/peers/other.rs",
        ] {
            assert_eq!(found(path, "fn main() {}\n"), [(1, false)], "{path}");
            assert_eq!(found(path, "//! Says what it is.\n"), [], "{path}");
        }
    }

    #[test]
    fn an_inner_file_may_begin_with_code() {
        assert_eq!(found("crates/sidecar-core/src/clock.rs", "fn f() {}\n"), []);
    }

    #[test]
    fn a_long_file_is_warned_of_and_a_longer_one_refused() {
        let with_lines = |count| found("crates/a/src/b.rs", &"// line\n".repeat(count));
        assert_eq!(with_lines(LONG), []);
        assert_eq!(with_lines(LONG + 1), [(0, true)]);
        assert_eq!(with_lines(TOO_LONG), [(0, true)]);
        assert_eq!(with_lines(TOO_LONG + 1), [(0, false)]);
    }

    #[test]
    fn unfinished_code_is_caught() {
        for name in UNFINISHED {
            assert_eq!(found("a.rs", &format!("fn f() {{\n    {name}(1);\n}}\n")), [(2, false)], "{name}");
            assert_eq!(found("a.rs", &format!("my_{name}(1);\n")), [], "{name}");
        }
    }

    #[test]
    fn a_skipped_test_is_caught() {
        let skipped = ["    #[ignore]\n", "#[ignore = \"slow\"]\n"];
        for text in skipped {
            assert_eq!(found("a.rs", text), [(1, false)]);
        }
    }
}
