//! Errors that end the program: one clear line and a status.

use std::fmt;

/// The status for whatever the user can mend: arguments, files, addresses, configuration, strict input.
pub(crate) const USAGE: u8 = 2;
/// The status of `--fail-on-failure` when a test failed.
pub(crate) const TESTS_FAILED: u8 = 1;

/// Why the program ends early. Its text is what the user reads.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
