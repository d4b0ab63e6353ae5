//! A command line, not yet started.

use super::{Ended, Program, without_settings};
use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// A program, its words and its streams.
#[derive(Debug)]
#[must_use = "nothing runs before `start`, `fed` or `end`"]
pub struct Launch {
    command: Command,
}

impl Launch {
    /// `PROGRAM WORDS`, with nothing on standard input.
    pub fn new<W: AsRef<OsStr>>(program: impl AsRef<OsStr>, words: impl IntoIterator<Item = W>) -> Self {
        let mut command = Command::new(program);
        without_settings(&mut command);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command }
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it in this directory. Defaults to the test's own.
    pub fn dir(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Where standard input comes from. Defaults to nowhere.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// Where standard output goes. Defaults to [`Ended`].
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// Where standard error goes. Defaults to [`Program::stderr`] and [`Ended`].
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Program {
        Program::of(self.command.spawn().expect("the program starts"))
    }

    /// Starts it with `input` on standard input, and waits for its end.
    #[track_caller]
    pub fn fed(self, input: impl Into<Vec<u8>>) -> Ended {
        let mut program = self.stdin(Stdio::piped()).start();
        let (mut stdin, input) = (program.stdin(), input.into());
        // A program that ends early closes the pipe.
        let writing = thread::spawn(move || drop(stdin.write_all(&input)));
        let ended = program.end();
        writing.join().expect("no panic");
        ended
    }

    /// Starts it and waits for its end.
    #[track_caller]
    pub fn end(self) -> Ended {
        self.start().end()
    }
}
