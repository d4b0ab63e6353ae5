//! Writing to the standard streams, where a reader that has gone away is no error.

use crate::failure::Failure;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes a line to standard output. A closed pipe means that nobody wants to read on; anything else, a full
/// disk for example, is a failure: what was asked for is not there.
pub(crate) fn out(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format_args!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes lines to standard error. If that cannot be done there is nowhere left to tell.
pub(crate) fn err(text: impl Display) {
    let mut err = io::stderr().lock();
    for line in text.to_string().lines() {
        let _ = writeln!(err, "sidecar: {line}");
    }
}
