//! Reading the input on a thread of its own, so that a signal can end the run while a read blocks.

use super::gate::Gate;
use super::progress::Progress;
use crate::failure::Failure;
use crate::input::{Feed, Lines};
use crate::summary::Ending;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

const BUFFER_BYTES: usize = 64 << 10;
/// Malformed lines reported as they come; the summary counts the rest.
const REPORTED: u64 = 10;

/// Where lines come from.
pub(crate) enum Input {
    Open(Box<dyn BufRead + Send>),
    /// A named pipe or a device: opening it may block, so the reader does that.
    Named(PathBuf),
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(buffered(io::stdin()));
        }
        let unreadable = |error: io::Error| Failure::new(unreadable(path, &error));
        let kind = fs::metadata(path).map_err(unreadable)?.file_type();
        if kind.is_dir() {
            return Err(Failure::new(format_args!("{}: is a directory", path.display())));
        }
        if kind.is_file() {
            return Ok(buffered(File::open(path).map_err(unreadable)?));
        }
        Ok(Self::Named(path.to_owned()))
    }

    fn into_reader(self) -> Result<Box<dyn BufRead + Send>, String> {
        match self {
            Self::Open(reader) => Ok(reader),
            Self::Named(path) => match File::open(&path) {
                Ok(file) => Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, file))),
                Err(error) => Err(unreadable(&path, &error)),
            },
        }
    }
}

fn buffered(reader: impl io::Read + Send + 'static) -> Input {
    Input::Open(Box::new(BufReader::with_capacity(BUFFER_BYTES, reader)))
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// A running read.
pub(crate) struct Reading {
    ended: Receiver<Ending>,
    gate: Gate,
}

impl Reading {
    /// Starts reading. The thread ends with the input; after a signal the process's end takes it along.
    pub(crate) fn start(input: Input, feed: Feed, strict: bool, told: Progress) -> Result<Self, Failure> {
        let (send, ended) = mpsc::channel();
        let gate = Gate::default();
        let passing = gate.clone();
        sidecar_core::threads::spawn("reader", move || {
            if let Some(ending) = read(input, feed, &passing, strict, &told) {
                // Nobody waits for it any more if a signal came first.
                let _ = send.send(ending);
            }
        })
        .map_err(|error| Failure::new(format_args!("the reader could not be started: {error}")))?;
        Ok(Self { ended, gate })
    }

    /// How the reading ended, if it did within `patience`.
    pub(crate) fn wait(&self, patience: Duration) -> Option<Ending> {
        match self.ended.recv_timeout(patience) {
            Ok(ended) => Some(ended),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Ending::Unreadable("the reader ended unexpectedly".to_owned()))
            }
        }
    }

    /// Takes no further line, and waits until the last one has been taken, at most until `deadline`.
    pub(crate) fn halt(&self, deadline: Instant) {
        self.gate.close(deadline);
    }
}

/// Reads to the end; `None` if the gate was closed before that.
fn read(input: Input, mut feed: Feed, gate: &Gate, strict: bool, told: &Progress) -> Option<Ending> {
    let mut lines = match input.into_reader() {
        Ok(reader) => Lines::new(reader),
        Err(error) => return Some(Ending::Unreadable(error)),
    };
    let mut malformed_lines = 0;
    loop {
        let (number, line) = match lines.next() {
            Ok(Some(next)) => next,
            Ok(None) => return Some(Ending::InputEnded),
            Err(error) => {
                return Some(Ending::Unreadable(format!("reading the input failed: {error}")));
            }
        };
        if let Err(malformed) = gate.pass(|| feed.line(number, &line))? {
            if strict {
                return Some(Ending::Malformed(number, malformed));
            }
            malformed_lines += 1;
            if malformed_lines <= REPORTED {
                told.say(format_args!("line {number} skipped: {malformed}"));
            }
        }
    }
}
