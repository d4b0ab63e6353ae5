//! A running program, killed when a test is done with it, and what it leaves behind.

use super::collected::Collected;
use crate::{PATIENCE, eventually_some};
use std::process::{Child, ChildStdin, Command};
use std::thread;
use std::time::{Duration, Instant};

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Collected,
    stderr: Collected,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    /// All of its standard output, unless that went elsewhere.
    pub stdout: String,
    /// All of its standard error, unless that went elsewhere.
    pub stderr: String,
}

impl Program {
    pub(super) fn of(mut child: Child) -> Self {
        let stdin = child.stdin.take();
        let stdout = Collected::from(child.stdout.take());
        let stderr = Collected::from(child.stderr.take());
        Self { child, stdin, stdout, stderr }
    }

    /// Its standard input; the program reads to the end once this is dropped.
    #[track_caller]
    pub fn stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("piped")
    }

    /// What it has said on standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// The rest of the first line on standard error that begins so, once it is there.
    #[track_caller]
    pub fn line(&mut self, begin: &str) -> String {
        eventually_some(begin, || {
            let ended = self.has_ended();
            let said = self.stderr();
            // The last line may still be half written.
            let line = said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let line = line.filter_map(|line| line.strip_prefix(begin)).next().map(str::to_owned);
            assert!(line.is_some() || !ended, "it ended: {said}");
            line
        })
    }

    /// Whether it runs no longer.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_some()
    }

    /// Sends a signal by its name, `TERM` for example.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is not installed everywhere.
        let process = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -s "$0" "$1""#, name, &process]).status();
        assert!(sent.expect("there is a shell").success());
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    /// As [`end`](Self::end), with another patience: for a program that is told to run for long.
    #[track_caller]
    pub fn end_within(mut self, patience: Duration) -> Ended {
        drop(self.stdin.take());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(start.elapsed() < patience, "it does not end; it said: {}", self.stderr());
            thread::sleep(Duration::from_millis(2));
        };
        Ended { code: status.code(), stdout: self.stdout.whole(), stderr: self.stderr.whole() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
