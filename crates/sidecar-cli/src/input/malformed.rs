//! Why a line was skipped.

use std::fmt;

/// What is wrong with a line. Counted beside the ledger: no event came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Longer than a line may be.
    TooLong,
    /// Not text in UTF-8.
    NotUtf8,
    /// Nested deeper than 128 levels.
    TooDeep,
    /// No JSON; with the parser's words.
    NotJson(String),
    /// JSON, but no object.
    NotAnObject,
    /// A field that must be there is not, or is not of its type.
    Field { name: &'static str, expected: &'static str },
}

impl Malformed {
    /// One word for the kind, as counted in the summary.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotUtf8 => "not_utf8",
            Self::TooDeep => "too_deep",
            Self::NotJson(_) => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::Field { .. } => "bad_field",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("longer than 8 MiB"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::TooDeep => f.write_str("nested deeper than 128 levels"),
            Self::NotJson(error) => write!(f, "not JSON: {error}"),
            Self::NotAnObject => f.write_str("not a JSON object"),
            Self::Field { name, expected } => write!(f, "`{name}` must be {expected}"),
        }
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        if text.starts_with("recursion limit exceeded") {
            return Self::TooDeep;
        }
        // Within one line, serde_json's line number says nothing.
        Self::NotJson(text.replace(" at line 1 column ", " at byte "))
    }
}
