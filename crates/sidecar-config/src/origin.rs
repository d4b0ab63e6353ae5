//! Where a value came from.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value came from, from the weakest to the strongest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nothing gave it: the settings type's `Default`.
    Default,
    /// A file, and the line of the key, counted from 1.
    File {
        /// The path as it was given.
        path: PathBuf,
        /// The line, where the error or value has one.
        line: Option<usize>,
    },
    /// An environment variable, by name.
    Variable(String),
    /// The program itself.
    Code,
}

impl Origin {
    /// The file, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The line in the file, counted from 1, if it has one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::File { line, .. } => *line,
            _ => None,
        }
    }

    pub(crate) fn at(&self, line: Option<usize>) -> Self {
        match self {
            Self::File { path, .. } => Self::File { path: path.clone(), line },
            other => other.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Code => f.write_str("code"),
        }
    }
}
