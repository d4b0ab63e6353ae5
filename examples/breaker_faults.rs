//! Faults of circuit breakers: each is a script, run against this project's breaker and against four others.
//!
//! It prints the table of `docs/breaker-faults.md`, which says what the scripts do and how each breaker is set.
//! A column is a thread of its own, because most of the time is spent waiting for timers.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod peers {
    //! Circuit breakers, one file each.

    pub(crate) mod circuitbreaker_rs;
    pub(crate) mod failsafe;
    pub(crate) mod ours;
    pub(crate) mod recloser;
    pub(crate) mod tower_resilience;
}

mod faults {
    //! Scripts, and what they are made of.

    pub(crate) mod closed;
    pub(crate) mod drive;
    pub(crate) mod memory;
    pub(crate) mod probes;
}

use faults::{closed, memory, probes};
use sidecar_harness::alloc::Counting;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A circuit breaker under test.
pub(crate) trait Subject: Sized {
    /// The head of its column.
    const NAME: &'static str;

    /// Opens when half of the last 100 calls fail, or what comes nearest; stays open.
    fn over_calls() -> Self;

    /// Opens when half of the calls fail, of which there have to be ten; stays open.
    fn with_minimum() -> Result<Self, NotApplicable>;

    /// Opens at five failures within a window of time, which is given back; stays open.
    fn over_time() -> Result<(Self, Duration), NotApplicable>;

    /// Opens at five failures in a row, admits three probes, and closes when three have succeeded.
    fn probing(times: Times) -> Self;

    /// One call, asked for at its first poll.
    fn call(&self, work: Work) -> Call;
}

/// The times that scripts choose. A breaker ignores those it has no setting for.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// How long it refuses calls.
    pub(crate) open: Duration,
    /// How long probes may take before their round ends.
    pub(crate) round: Duration,
    /// How long the result of a call counts.
    pub(crate) window: Duration,
}

/// What is protected.
pub(crate) type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A call through a breaker.
pub(crate) type Call = Pin<Box<dyn Future<Output = Outcome>>>;

/// What the work gives.
pub(crate) type Answer = Result<(), Failure>;

/// What a call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Refused,
}

/// Why a breaker cannot be set as the script asks.
pub(crate) struct NotApplicable(pub(crate) &'static str);

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n/a: {}", self.0)
    }
}

/// Why the work fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the dependency failed")
    }
}

impl Error for Failure {}

/// Longer than this program runs.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

/// What is scripted, and the script.
type Script = (&'static str, fn() -> String);

fn scripts<S: Subject>() -> Vec<Script> {
    vec![
        ("100 000 calls succeed, then all fail", closed::outage::<S>),
        ("Of ten calls six fail, and the tenth succeeds", closed::due_on_success::<S>),
        ("Four calls fail, the window passes, one fails", closed::old_failures::<S>),
        ("1 000 calls panic", closed::panics::<S>),
        ("Half-open for three: 50 calls at once", probes::stampede::<S>),
        ("Probes succeed, rarer than the window", probes::rare::<S>),
        ("Half-open, calls from before the trip succeed", probes::late_successes::<S>),
        ("Half-open, calls from before the trip fail, the probes succeed", probes::late_failures::<S>),
        ("Four probes panic", probes::panicking::<S>),
        ("Four probes are cancelled", probes::cancelled::<S>),
        ("All probes hang or are forgotten", probes::hanging::<S>),
        ("1 000 outages: memory it keeps; after its drop", memory::outages::<S>),
    ]
}

struct Column {
    name: &'static str,
    cells: Vec<String>,
}

fn column<S: Subject>() -> Column {
    Column { name: S::NAME, cells: scripts::<S>().into_iter().map(|(_, script)| script()).collect() }
}

fn main() {
    let columns: [fn() -> Column; 5] = [
        column::<peers::ours::Ours>,
        column::<peers::failsafe::Failsafe>,
        column::<peers::recloser::Recloser>,
        column::<peers::circuitbreaker_rs::CircuitBreaker>,
        column::<peers::tower_resilience::Service>,
    ];
    let running = columns.map(thread::spawn);
    let columns = running.map(|column| column.join().expect("no script panics"));
    let titles = scripts::<peers::ours::Ours>().into_iter().map(|(title, _)| title);
    print!("{}", table(titles, &columns));
}

/// The table in Markdown.
fn table(titles: impl Iterator<Item = &'static str>, columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let mut table = format!("| | {} |\n|{}\n", names.join(" | "), " --- |".repeat(names.len() + 1));
    for (row, title) in titles.enumerate() {
        let cells: Vec<_> = columns.iter().map(|column| &*column.cells[row]).collect();
        table.push_str(&format!("| {title} | {} |\n", cells.join(" | ")));
    }
    table
}
