//! Text of one file to a marked tree; never a panic, whatever the text.

mod json;
mod toml;
mod yaml;

use std::path::Path;

use crate::node::Node;

/// Deepest nesting that is read, in every format.
///
/// Settings are a handful of levels deep. The YAML reader takes up to 30 KB of stack a level when it is built
/// without optimisation, and the bound keeps that below 1 MiB, half the stack of an ordinary thread.
pub(crate) const MAX_DEPTH: usize = 24;

/// The languages a settings file may be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Toml,
    Json,
}

/// What is wrong with the text itself.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
}

impl SyntaxError {
    fn new(line: Option<usize>, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }

    fn too_deep(line: Option<usize>) -> Self {
        Self::new(line, format!("is nested deeper than {MAX_DEPTH} levels"))
    }
}

impl Format {
    /// The format that the file's extension names.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "yml" | "yaml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Reads `text` into a tree.
    pub(crate) fn parse(self, text: &str) -> Result<Node, Vec<SyntaxError>> {
        match self {
            Self::Yaml => yaml::parse(text).map_err(|error| vec![error]),
            Self::Json => json::parse(text).map_err(|error| vec![error]),
            Self::Toml => toml::parse(text),
        }
    }
}

/// Byte offsets to line numbers, from 1.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(offset, _)| offset).collect())
    }

    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|&newline| newline < offset) + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_extension_decides_whatever_its_case() {
        assert_eq!(Format::of(Path::new("a/b.YML")), Some(Format::Yaml));
        assert_eq!(Format::of(Path::new("b.yaml")), Some(Format::Yaml));
        assert_eq!(Format::of(Path::new("b.toml")), Some(Format::Toml));
        assert_eq!(Format::of(Path::new("b.json")), Some(Format::Json));
        assert_eq!(Format::of(Path::new("yaml")), None);
        assert_eq!(Format::of(Path::new("b.txt")), None);
    }

    #[test]
    fn the_three_formats_give_the_same_lines() {
        let texts = [
            (Format::Yaml, "a:\n  b: 1\n\n  c: [x,\n    y]\n", [1, 2, 4, 4, 5]),
            (Format::Toml, "[a]\nb = 1\n\nc = ['x',\n  'y']\n", [1, 2, 4, 4, 5]),
            (Format::Json, "{\"a\": {\n \"b\": 1,\n\n \"c\": [\"x\",\n  \"y\"]}}\n", [1, 2, 4, 4, 5]),
        ];
        for (format, text, lines) in texts {
            let tree = format.parse(text).expect("valid text");
            let line = |path: &str| {
                let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
                let found = tree.find(&keys).expect("the key is there");
                assert!(!found.partial, "{format:?} {path}");
                found.entry.line.expect("a line")
            };
            assert_eq!(["a", "a.b", "a.c", "a.c.0", "a.c.1"].map(line), lines, "{format:?}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_an_overflow() {
        let many = 100_000;
        let texts = [
            (Format::Yaml, "[".repeat(many)),
            (Format::Yaml, format!("{}1{}", "{a: ".repeat(many), "}".repeat(many))),
            (Format::Yaml, (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
            (Format::Json, format!("{}{}", "[".repeat(many), "]".repeat(many))),
            (Format::Toml, format!("a = {}{}", "[".repeat(many), "]".repeat(many))),
            (Format::Toml, format!("{}a = 1", "a.".repeat(many))),
            (Format::Toml, format!("[{}a]\nb = 1", "a.".repeat(many))),
        ];
        for (format, text) in texts {
            assert!(format.parse(&text).is_err(), "{format:?} {}", &text[..20]);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            for format in [Format::Yaml, Format::Toml, Format::Json] {
                let _ = format.parse(&text);
            }
        }

        #[test]
        fn no_text_of_our_grammar_panics(text in "[a-c0-9:\\-\\[\\]{},\"'&*<!|>#%@?=.~\\\\ \\n\\t]{0,120}") {
            for format in [Format::Yaml, Format::Toml, Format::Json] {
                let _ = format.parse(&text);
            }
        }
    }
}
