//! The end of a run: what came in, what became of it, what it cost.

mod cut;
mod json;
mod test_log;
mod text;

use crate::input::{Malformed, Tally, Verdicts};
use cut::cut;
use serde::Serialize;
use sidecar_runtime::SidecarHandle;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use test_log::TestLog;
use test_log::{Durations, SlowTest};

/// Longest list in a summary.
const MAX_LISTED: usize = 10;

/// How the run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    InputEnded,
    Signal(&'static str),
    Malformed(u64, Malformed),
    Unreadable(String),
}

impl Ending {
    /// What the summary says it was.
    fn words(&self) -> String {
        match self {
            Self::InputEnded => "end of input".to_owned(),
            Self::Signal(name) => (*name).to_owned(),
            Self::Malformed(line, _) => format!("malformed line {line}"),
            Self::Unreadable(_) => "unreadable input".to_owned(),
        }
    }
}

/// How long the run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    /// From the start to the summary, lingering included.
    pub(crate) all: Duration,
    /// The part in which events came and were handled.
    pub(crate) events: Duration,
}

/// What became of the failures that were to be posted: each is in one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct WebhookCounts {
    /// Answered with a 2xx status.
    pub(crate) delivered: u64,
    /// Answered otherwise, or not in time.
    pub(crate) failed: u64,
    /// Refused by the open breaker.
    pub(crate) rejected: u64,
    /// Still waiting, or on their way, when the run ended.
    pub(crate) unsent: u64,
}

/// What became of the metrics that were to be pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pushed {
    /// Whether the gateway has taken them.
    pub(crate) delivered: bool,
    pub(crate) attempts: u32,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// What was sent elsewhere.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) posts: Option<WebhookCounts>,
    pub(crate) pushed: Option<Pushed>,
}

/// Everything the summary says; its JSON is under 16 KB, whatever the input held.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    ended_by: String,
    elapsed_seconds: f64,
    events_per_second: f64,
    input: Input,
    tests: Verdicts,
    failed_tests: Vec<String>,
    test_duration_ms: Durations,
    slowest_tests: Vec<SlowTest>,
    ledger: Ledger,
    events: Vec<Events>,
    event_types: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookCounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    push: Option<Pushed>,
    process: Process,
}

#[derive(Debug, Serialize)]
struct Input {
    lines: u64,
    ignored: u64,
    malformed: u64,
    malformed_by_kind: BTreeMap<&'static str, u64>,
    first_malformed: Vec<MalformedLine>,
}

#[derive(Debug, Serialize)]
struct MalformedLine {
    line: u64,
    reason: String,
}

/// The observer's ledger: received = sampled_out + dropped + processed + failed + waiting.
#[derive(Debug, Serialize)]
struct Ledger {
    received: u64,
    sampled_out: u64,
    dropped: BTreeMap<&'static str, u64>,
    processed: u64,
    failed: u64,
    waiting: usize,
}

#[derive(Debug, Serialize)]
struct Events {
    event_type: String,
    received: u64,
    processed: u64,
}

/// What the run cost. CPU is of the whole program, which is nothing but a sidecar.
#[derive(Debug, Serialize)]
struct Process {
    cpu_seconds: f64,
    cpu_percent: f64,
    sidecar_threads_cpu_seconds: Option<f64>,
    peak_memory_mb: f64,
}

impl Summary {
    /// Reads everything; to be called once nothing is under way any more.
    pub(crate) fn new(
        sidecar: &SidecarHandle,
        tally: &Tally,
        tests: &TestLog,
        sent: Sent,
        ending: &Ending,
        took: Took,
    ) -> Self {
        let stats = sidecar.stats();
        let figures = sidecar.profiler().snapshot();
        let [seconds, events_seconds] = [took.all, took.events].map(|took| took.as_secs_f64().max(1e-9));
        let mut events: Vec<_> = stats.by_type.iter().collect();
        events.sort_by_key(|(name, row)| (std::cmp::Reverse(row.received), name.to_string()));
        let events = events.into_iter().take(MAX_LISTED).map(|(name, row)| Events {
            event_type: cut(name),
            received: row.received,
            processed: row.processed,
        });
        Self {
            ended_by: ending.words(),
            elapsed_seconds: seconds,
            events_per_second: stats.events_received as f64 / events_seconds,
            input: Input::of(tally),
            tests: tally.verdicts,
            failed_tests: tests.failed(),
            test_duration_ms: tests.durations(),
            slowest_tests: tests.slowest(),
            events: events.collect(),
            event_types: stats.by_type.len(),
            ledger: Ledger {
                received: stats.events_received,
                sampled_out: stats.sampled_out,
                processed: stats.events_processed,
                failed: stats.failed,
                waiting: stats.queue_size,
                dropped: stats.dropped,
            },
            webhook: sent.posts,
            push: sent.pushed.map(|pushed| Pushed { error: pushed.error.as_deref().map(cut), ..pushed }),
            process: Process {
                cpu_seconds: figures.cpu_seconds,
                cpu_percent: figures.cpu_seconds / seconds * 100.0,
                sidecar_threads_cpu_seconds: figures.own.threads_cpu_seconds,
                peak_memory_mb: figures.peak_memory_bytes as f64
                    / sidecar_runtime::profiler::BYTES_PER_MB as f64,
            },
        }
    }
}

impl Input {
    fn of(tally: &Tally) -> Self {
        let first = tally.first_malformed.iter();
        Self {
            lines: tally.lines,
            ignored: tally.ignored,
            malformed: tally.malformed_total(),
            malformed_by_kind: tally.malformed.clone(),
            first_malformed: first
                .map(|(line, reason)| MalformedLine { line: *line, reason: cut(reason) })
                .collect(),
        }
    }
}
