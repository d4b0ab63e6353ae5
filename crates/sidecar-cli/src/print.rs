//! Writing to the standard streams, where a reader that has gone away is no error.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes a line to standard output.
pub(crate) fn out(text: impl Display) {
    ignore_gone(writeln!(io::stdout().lock(), "{text}"));
}

/// Writes a line to standard error.
pub(crate) fn err(text: impl Display) {
    ignore_gone(writeln!(io::stderr().lock(), "sidecar: {text}"));
}

/// A closed pipe means that nobody wants to read on; a full disk behind a redirect has nowhere to be told.
fn ignore_gone(written: io::Result<()>) {
    let _ = written;
}
