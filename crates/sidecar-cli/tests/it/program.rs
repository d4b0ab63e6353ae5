//! The program and what it says.

use serde_json::Value;
use sidecar_harness::process::{Ended, Launch, Program};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::SocketAddr;

/// The recorded test run that the repository holds.
pub(crate) const RECORDING: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/bigdecimal-0.4.11.ndjson");

/// `sidecar WORDS`, not yet started.
pub(crate) fn sidecar<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_sidecar"), words)
}

/// `sidecar run WORDS --summary json`, not yet started.
pub(crate) fn run<'a>(words: impl IntoIterator<Item = &'a str>) -> Launch {
    sidecar(["run"].into_iter().chain(words).chain(["--summary", "json"]))
}

/// A program that serves.
pub(crate) trait Serving {
    /// Where it says that it serves.
    fn address(&mut self) -> SocketAddr;
}

impl Serving for Program {
    #[track_caller]
    fn address(&mut self) -> SocketAddr {
        self.line("sidecar: serving on http://").parse().expect("an address")
    }
}

/// What the program has come to.
pub(crate) trait Outcome {
    /// Checks that it was refused: status 2, nothing on standard output, one line on standard error.
    fn assert_refused(&self, words: &[&str]);

    /// The summary, which is all that standard output holds, with a ledger that adds up.
    fn summary(&self) -> Summary;
}

impl Outcome for Ended {
    #[track_caller]
    fn assert_refused(&self, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:?}");
        }
    }

    #[track_caller]
    fn summary(&self) -> Summary {
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
