//! Reading the input on a thread of its own, so that a signal can end the run while a read blocks.

use crate::failure::Failure;
use crate::input::{Feed, Lines};
use crate::print;
use crate::summary::Ending;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

const BUFFER_BYTES: usize = 64 << 10;
/// Malformed lines reported as they come; the summary counts the rest.
const REPORTED: u64 = 10;

type Input = Box<dyn BufRead + Send>;

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Input, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, io::stdin())));
    }
    let unreadable = |error: io::Error| Failure::new(format_args!("{}: {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(Failure::new(format_args!("{}: is a directory", path.display())));
    }
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, file)))
}

/// A running read.
pub(crate) struct Reading {
    ended: Receiver<Result<Ending, Failure>>,
}

impl Reading {
    /// Starts reading. The thread ends with the input; after a signal the process's end takes it along.
    pub(crate) fn start(input: Input, feed: Feed, strict: bool) -> Result<Self, Failure> {
        let (send, ended) = mpsc::channel();
        sidecar_core::threads::spawn("reader", move || send.send(read(input, feed, strict)))
            .map_err(|error| Failure::new(format_args!("the reader could not be started: {error}")))?;
        Ok(Self { ended })
    }

    /// How the reading ended, if it did within `patience`.
    pub(crate) fn wait(&self, patience: Duration) -> Option<Result<Ending, Failure>> {
        match self.ended.recv_timeout(patience) {
            Ok(ended) => Some(ended),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(Failure::new("the reader ended unexpectedly"))),
        }
    }
}

fn read(input: Input, mut feed: Feed, strict: bool) -> Result<Ending, Failure> {
    let mut lines = Lines::new(input);
    let mut malformed_lines = 0;
    loop {
        let next =
            lines.next().map_err(|error| Failure::new(format_args!("reading the input failed: {error}")))?;
        let Some((number, line)) = next else { return Ok(Ending::InputEnded) };
        if let Err(malformed) = feed.line(number, &line) {
            if strict {
                return Ok(Ending::Malformed(number, malformed));
            }
            malformed_lines += 1;
            if malformed_lines <= REPORTED {
                print::err(format_args!("line {number} skipped: {malformed}"));
            }
        }
    }
}
