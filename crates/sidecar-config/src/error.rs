//! What a load reports: every error with its place, and warnings.

use std::fmt;
use std::path::PathBuf;

use crate::origin::Origin;

/// Most errors that one layer reports.
pub(crate) const MAX_ERRORS: usize = 100;

/// Puts the errors of one layer in the order of its lines, and keeps [`MAX_ERRORS`] of them and one that says
/// that there were more.
pub(crate) fn tidy(errors: &mut Vec<ConfigError>) {
    errors.sort_by_key(|error| error.origin.line().unwrap_or(usize::MAX));
    if let Some(left_out) = errors.get(MAX_ERRORS) {
        let origin = left_out.origin.at(None);
        errors.truncate(MAX_ERRORS);
        errors.push(ConfigError::too_many(origin));
    }
}

/// What is wrong with one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file cannot be used at all: missing, a directory, too large, not UTF-8, empty, of unknown format.
    Source,
    /// The text is not valid YAML, TOML or JSON.
    Syntax,
    /// A key of ours stands twice in one map.
    DuplicateKey,
    /// No setting has this key.
    UnknownKey,
    /// A key that must be there is not.
    MissingKey,
    /// The value is of the wrong type or out of range.
    Value,
    /// The value may not change while the program runs.
    Fixed,
    /// There were more errors than are listed.
    TooMany,
}

/// One error: its place, its key, what it is and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    kind: ErrorKind,
    origin: Origin,
    key: Option<String>,
    value: Option<String>,
    allowed: Option<String>,
    suggestion: Option<String>,
    text: String,
}

impl ConfigError {
    fn new(kind: ErrorKind, origin: Origin, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind, origin, key: None, value: None, allowed: None, suggestion: None, text }
    }

    /// A file that cannot be used, for callers that choose files before they load them.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::source(Origin::File { path: path.into(), line: None }, message)
    }

    pub(crate) fn source(origin: Origin, text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Source, origin, text)
    }

    pub(crate) fn syntax(origin: Origin, text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Syntax, origin, text)
    }

    pub(crate) fn duplicate(origin: Origin, key: String, first: Option<usize>) -> Self {
        let first = first.map_or_else(String::new, |line| format!(", first on line {line}"));
        let text = format!("{key} stands twice{first}");
        Self { key: Some(key), ..Self::new(ErrorKind::DuplicateKey, origin, text) }
    }

    pub(crate) fn unknown(origin: Origin, key: String, suggestion: Option<String>, known: &[&str]) -> Self {
        let hint = match (&suggestion, known) {
            (Some(nearest), _) => format!("; did you mean {nearest}?"),
            (None, []) => "; nothing is known here".to_owned(),
            (None, known) => format!("; known here: {}", known.join(", ")),
        };
        let text = format!("{key} is not a known key{hint}");
        Self { key: Some(key), suggestion, ..Self::new(ErrorKind::UnknownKey, origin, text) }
    }

    pub(crate) fn missing(origin: Origin, key: String) -> Self {
        let text = format!("{key} is missing");
        Self { key: Some(key), ..Self::new(ErrorKind::MissingKey, origin, text) }
    }

    pub(crate) fn value(origin: Origin, key: String, value: String, allowed: String) -> Self {
        let text = format!("{key} is {value}, but must be {allowed}");
        let plain = Self::new(ErrorKind::Value, origin, text);
        Self { key: Some(key), value: Some(value), allowed: Some(allowed), ..plain }
    }

    pub(crate) fn fixed(origin: Origin, key: String, value: String, now: &str) -> Self {
        let text =
            format!("{key} would be {value}, but is {now} as long as the program runs: start it again");
        let plain = Self::new(ErrorKind::Fixed, origin, text);
        Self { key: Some(key), value: Some(value), allowed: Some(now.to_owned()), ..plain }
    }

    pub(crate) fn too_many(origin: Origin) -> Self {
        Self::new(ErrorKind::TooMany, origin, "more is wrong than is listed here")
    }

    /// What sort of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file and line, or the variable.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The key, dotted, for example `runtime.sidecar.sampling.events`.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The refused value, as text.
    #[must_use]
    pub fn value_text(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What is allowed, for example `a number from 0.0 to 1.0`.
    #[must_use]
    pub fn allowed(&self) -> Option<&str> {
        self.allowed.as_deref()
    }

    /// The known key nearest to an unknown one.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.text)
    }
}

impl std::error::Error for ConfigError {}

/// Everything that is wrong, in the order of the layers and their lines; never empty.
///
/// Displayed as one line per error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `errors` unless there are none.
    pub(crate) fn of(errors: Vec<ConfigError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The errors in order.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }

    /// How many there are: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Something that is no error but looks like a slip: a neighbour of our sections with almost their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub(crate) origin: Origin,
    pub(crate) key: String,
    pub(crate) suggestion: String,
}

impl Warning {
    /// The file and line.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The key that is left alone, dotted.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The section of ours that it resembles, dotted.
    #[must_use]
    pub fn suggestion(&self) -> &str {
        &self.suggestion
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} is left alone; did you mean {}?", self.origin, self.key, self.suggestion)
    }
}
