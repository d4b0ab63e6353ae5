//! The README names the command that checks everything; and code in documents is code that runs.
//!
//! A Rust block after the line `<!-- example: NAME -->` stands word for word in `examples/NAME.rs`;
//! only the indentation may differ. In a guide, every Rust block is such a one.

use super::Finding;
use super::files::Tracked;

const PATH: &str = "README.md";
const COMMAND: &str = "cargo xtask ci";

/// Where the guides stand.
const GUIDES: &str = "docs/guides/";

pub(super) fn check(files: &[Tracked]) -> Vec<Finding> {
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map(|file| &*file.text);
    let mut found = match text_of(PATH) {
        Some(readme) if readme.contains(COMMAND) => Vec::new(),
        Some(_) => vec![Finding::new(PATH, 0, format!("`{COMMAND}` is not named"))],
        None => vec![Finding::new(PATH, 0, "there is none")],
    };
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        found.extend(check_code(&file.path, &file.text, |name| text_of(&format!("examples/{name}.rs"))));
    }
    found
}

fn check_code<'a>(path: &str, text: &str, example: impl Fn(&str) -> Option<&'a str>) -> Vec<Finding> {
    let mut found = Vec::new();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    for (index, line) in lines.iter().enumerate() {
        if path.starts_with(GUIDES) && line.starts_with("```rust") {
            let before = index.checked_sub(1).map_or("", |before| lines[before]);
            if marker(before).is_none() {
                found.push(Finding::new(path, index + 1, "no mark names the example that this stands in"));
            }
        }
        let Some(name) = marker(line) else { continue };
        let problem = match (block(&lines[index + 1..]), example(name)) {
            (None, _) => Some("no Rust block follows the mark".to_owned()),
            (_, None) => Some(format!("there is no examples/{name}.rs")),
            (Some(block), Some(text)) if stands_in(&block, text) => None,
            _ => Some(format!("the block does not stand in examples/{name}.rs")),
        };
        found.extend(problem.map(|what| Finding::new(path, index + 1, what)));
    }
    found
}

/// The example that a line names as the source of the block below it.
fn marker(line: &str) -> Option<&str> {
    Some(line.strip_prefix("<!-- example:")?.strip_suffix("-->")?.trim())
}

/// The lines of the Rust block that these lines begin with.
fn block<'a>(lines: &[&'a str]) -> Option<Vec<&'a str>> {
    let (fence, rest) = lines.split_first()?;
    let language = fence.strip_prefix("```")?.split(',').next()?;
    let end = rest.iter().position(|line| *line == "```")?;
    (language == "rust" && end > 0).then(|| rest[..end].to_vec())
}

fn stands_in(block: &[&str], text: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.windows(block.len()).any(|window| window == block)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "\
//! Shows it.
fn main() {
    let answer = 42;

    assert!(answer > 6);
}
";

    fn found(readme: &str) -> Vec<String> {
        let example = |name: &str| (name == "show").then_some(EXAMPLE);
        check_code(PATH, readme, example).into_iter().map(|finding| finding.what).collect()
    }

    fn with_block(mark: &str, code: &str) -> String {
        format!("# Title\n\nRun `{COMMAND}`.\n\n{mark}\n```rust\n{code}```\n")
    }

    #[test]
    fn a_block_that_stands_in_its_example_passes_whatever_its_indentation() {
        let code = "let answer = 42;\n\nassert!(answer > 6);\n";
        assert_eq!(found(&with_block("<!-- example: show -->", code)), [""; 0]);
    }

    #[test]
    fn a_block_that_differs_is_caught() {
        for code in ["let answer = 43;\n", "let answer = 42;\nassert!(answer > 6);\n", "answer = 42;\n"] {
            let found = found(&with_block("<!-- example: show -->", code));
            assert_eq!(found, ["the block does not stand in examples/show.rs"], "{code}");
        }
    }

    #[test]
    fn a_mark_without_its_example_or_its_block_is_caught() {
        let found_for = |mark: &str, code: &str| found(&with_block(mark, code));
        assert_eq!(found_for("<!-- example: absent -->", "let a = 1;\n"), ["there is no examples/absent.rs"]);
        assert_eq!(found_for("<!-- example: show -->\n", "let a = 1;\n"), ["no Rust block follows the mark"]);
        assert_eq!(found_for("<!-- example: show -->", ""), ["no Rust block follows the mark"]);
    }

    #[test]
    fn a_block_without_a_mark_is_free() {
        assert_eq!(found(&with_block("", "let anything = 0;\n")), [""; 0]);
    }

    #[test]
    fn a_readme_that_does_not_name_the_command_is_caught() {
        let readme = Tracked { path: PATH.to_owned(), text: "# Title\n".to_owned() };
        assert_eq!(check(&[readme]), [Finding::new(PATH, 0, "`cargo xtask ci` is not named")]);
    }

    #[test]
    fn in_a_guide_no_block_of_rust_is_free() {
        let guide = |mark: &str| with_block(mark, "let answer = 42;\n");
        let found = |text: &str| check_code("docs/guides/a.md", text, |_| Some(EXAMPLE)).len();
        assert_eq!(found(&guide("<!-- example: show -->")), 0);
        assert_eq!(found(&guide("")), 1);
    }

    #[test]
    fn a_missing_readme_is_caught() {
        assert_eq!(check(&[]), [Finding::new(PATH, 0, "there is none")]);
    }
}
