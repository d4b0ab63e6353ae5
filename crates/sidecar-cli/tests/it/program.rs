//! The program as a child process, killed when a test is done with it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Longer than anything takes on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The recorded test run that the repository holds.
pub(crate) const RECORDING: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/bigdecimal-0.4.11.ndjson");

/// The variables that the program reads; a test's own surroundings must not matter.
const VARIABLES: [&str; 7] = [
    "SIDECAR_ENABLED",
    "SIDECAR_SAMPLE_EVENTS",
    "SIDECAR_SAMPLE_TRACES",
    "SIDECAR_SAMPLE_PROFILING",
    "SIDECAR_CPU_BUDGET",
    "SIDECAR_MEMORY_BUDGET_MB",
    "SIDECAR_MAX_QUEUE_SIZE",
];

/// Asks again and again, a moment apart.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A command line, not yet started.
pub(crate) struct Launch {
    command: Command,
}

impl Launch {
    /// `sidecar WORDS`, with nothing on standard input.
    pub(crate) fn new<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidecar"));
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command }
    }

    /// `sidecar run WORDS --summary json`.
    pub(crate) fn run<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(["run"].into_iter().chain(words).chain(["--summary", "json"]))
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    pub(crate) fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    pub(crate) fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    pub(crate) fn start(mut self) -> Program {
        let mut child = self.command.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        let stdout = Collected::from(child.stdout.take());
        let stderr = Collected::from(child.stderr.take());
        Program { child, stdin, stdout, stderr }
    }

    /// Starts it with `input` on standard input, and waits for its end.
    pub(crate) fn fed(self, input: impl Into<Vec<u8>>) -> Ended {
        let mut program = self.stdin(Stdio::piped()).start();
        let (mut stdin, input) = (program.stdin(), input.into());
        // A program that ends early closes the pipe.
        let writing = thread::spawn(move || drop(stdin.write_all(&input)));
        let ended = program.end();
        writing.join().expect("no panic");
        ended
    }

    pub(crate) fn end(self) -> Ended {
        self.start().end()
    }
}

/// What a stream has said so far.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Collected {
    fn from<R: Read + Send + 'static>(stream: Option<R>) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let thread = stream.map(|mut stream| {
            let bytes = Arc::clone(&bytes);
            thread::spawn(move || {
                let mut chunk = [0; 4 << 10];
                while let Ok(read @ 1..) = stream.read(&mut chunk) {
                    bytes.lock().expect("no panic").extend_from_slice(&chunk[..read]);
                }
            })
        });
        Self { bytes, thread }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no panic")).into_owned()
    }

    fn whole(&mut self) -> String {
        self.thread.take().into_iter().for_each(|thread| thread.join().expect("no panic"));
        self.text()
    }
}

/// The running program.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Collected,
    stderr: Collected,
}

impl Program {
    /// Its standard input; the program reads to the end once this is dropped.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("piped")
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Where it says that it serves.
    #[track_caller]
    pub(crate) fn address(&mut self) -> SocketAddr {
        eventually("an address", || {
            let said = self.stderr();
            let line = said.lines().find_map(|line| line.strip_prefix("sidecar: serving on http://"));
            // The last line may still be half written.
            let address = line.filter(|line| said.contains(&format!("{line}\n"))).map(str::to_owned);
            if address.is_none() && self.has_ended() {
                panic!("it ended: {said}");
            }
            address.map(|address| address.parse().expect("an address"))
        })
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_some()
    }

    /// Sends a signal by its name, `TERM` for example.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        drop(self.stdin.take());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end; it said: {}", self.stderr());
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

/// What the program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Checks that it was refused: status 2, nothing on standard output, one line on standard error.
    #[track_caller]
    pub(crate) fn assert_refused(&self, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:?}");
        }
    }

    /// The summary, which is all that standard output holds, with a ledger that adds up.
    #[track_caller]
    pub(crate) fn summary(&self) -> Summary {
        assert!(self.stdout.len() < 16_000, "{} bytes", self.stdout.len());
        let json = serde_json::from_str(&self.stdout);
        let summary = Summary { json: json.unwrap_or_else(|error| panic!("{error}: {self:?}")) };
        let ledger = summary.ledger();
        let settled = ledger.sampled_out + ledger.dropped() + ledger.processed + ledger.failed;
        assert_eq!(ledger.received, settled + ledger.waiting, "{ledger:?}");
        summary
    }
}

/// The summary's JSON.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) json: Value,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    pub(crate) received: u64,
    pub(crate) sampled_out: u64,
    pub(crate) dropped: BTreeMap<String, u64>,
    pub(crate) processed: u64,
    pub(crate) failed: u64,
    pub(crate) waiting: u64,
}

impl Ledger {
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.values().sum()
    }
}

impl Summary {
    pub(crate) fn ledger(&self) -> Ledger {
        serde_json::from_value(self.json["ledger"].clone()).expect("a ledger")
    }

    /// Checks that `count` events came, and that every one of them was processed.
    #[track_caller]
    pub(crate) fn assert_all_processed(&self, count: u64) {
        let ledger = self.ledger();
        assert_eq!((ledger.received, ledger.processed), (count, count), "{ledger:?}");
    }

    /// Passed, failed, skipped.
    pub(crate) fn tests(&self) -> [u64; 3] {
        ["passed", "failed", "skipped"].map(|verdict| self.number(&["tests", verdict]))
    }

    /// Lines read, ignored, malformed.
    pub(crate) fn lines(&self) -> [u64; 3] {
        ["lines", "ignored", "malformed"].map(|count| self.number(&["input", count]))
    }

    /// Delivered, failed, rejected, unsent.
    pub(crate) fn posts(&self) -> [u64; 4] {
        ["delivered", "failed", "rejected", "unsent"].map(|count| self.number(&["webhook", count]))
    }

    /// Events received by type.
    pub(crate) fn events(&self) -> BTreeMap<String, u64> {
        let rows = self.json["events"].as_array().expect("a list");
        let text = |row: &Value| row["event_type"].as_str().expect("text").to_owned();
        rows.iter().map(|row| (text(row), row["received"].as_u64().expect("a count"))).collect()
    }

    #[track_caller]
    fn number(&self, path: &[&str]) -> u64 {
        let found = path.iter().fold(&self.json, |value, key| &value[key]);
        found.as_u64().unwrap_or_else(|| panic!("{path:?} is no count in {}", self.json))
    }
}
