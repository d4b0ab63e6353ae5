//! What measuring an operation costs the thread that does it, and what reading all of them costs.
//!
//! Ours counts how each operation ended, keeps a rolling window, and reads the clock with every recording to know the
//! window's slice. The peers put a duration into one of eleven buckets.
//!
//! - `timed`: an operation that does nothing, from its start to its end, both reads of the clock included.
//! - `record/1-thread`: a duration that is known, recorded through what the library lets one hold. Work that is left
//!   for later is done, and timed, every 1 024.
//! - `record/2-threads`: the same on two threads with one operation; the time is that of each thread.
//! - `snapshot/1000-operations`: the figures of 1 000 operations, window and since the start, of ours only.

mod peers {
    //! Those that durations can be recorded with, one file each.

    pub(crate) mod durations_metrics_facade;
    pub(crate) mod durations_prometheus_client;
}

use bench_harness::{Case, Outcome, Suite, pair, repeat};
use sidecar_runtime::perf::{Completion, Operation, PerfMonitor};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A library under test: one operation.
pub(crate) trait Subject: Sync + Sized + 'static {
    /// `ours`, or the peer's name.
    const NAME: &'static str;

    fn new() -> Self;

    /// Records a duration.
    fn record(&self, duration: Duration);

    /// Work that recording has left for later.
    fn upkeep(&self) {}

    /// Measures `work` and records how long it took.
    fn timed(&self, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        self.record(start.elapsed());
    }
}

/// Upper bounds of the peers' buckets, in seconds.
pub(crate) const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Recordings between two doings of the work that is left for later.
const LEFT: u64 = 1_024;

struct Ours(Operation);

impl Subject for Ours {
    const NAME: &'static str = "ours";

    fn new() -> Self {
        let monitor = PerfMonitor::builder().build().expect("the settings are valid");
        Self(monitor.operation("transform"))
    }

    fn record(&self, duration: Duration) {
        self.0.record(duration, Completion::Success);
    }

    fn timed(&self, work: impl FnOnce()) {
        self.0.measure(work);
    }
}

fn main() -> ExitCode {
    let mut suite = Suite::new("perf");
    all_of::<Ours>(&mut suite);
    suite.add(
        Case::new("snapshot/1000-operations", Ours::NAME, "all figures of 1 000 operations", snapshot).long(),
    );
    all_of::<peers::durations_metrics_facade::Exporter>(&mut suite);
    all_of::<peers::durations_prometheus_client::Client>(&mut suite);
    bench_harness::main(&suite)
}

fn all_of<S: Subject>(suite: &mut Suite) {
    let timed = || {
        let subject = S::new();
        move |n| {
            repeat(n, |number| {
                black_box(&subject).timed(|| {
                    black_box(number);
                });
                upkeep(&subject, number)
            })
        }
    };
    suite.add(Case::new("timed", S::NAME, "nothing, measured from start to end", timed).counted());
    let one = || {
        let subject = S::new();
        move |n| repeat(n, |number| recorded(&subject, number))
    };
    suite.add(Case::new("record/1-thread", S::NAME, "one duration recorded", one).counted());
    let two = || {
        let subject = S::new();
        move |n| pair(n, |_| |number| recorded(&subject, number))
    };
    suite.add(Case::new("record/2-threads", S::NAME, "the same, two threads on one operation", two));
}

fn recorded<S: Subject>(subject: &S, number: u64) -> Outcome {
    black_box(subject).record(Duration::from_micros(number % 1_000 * 10));
    upkeep(subject, number)
}

fn upkeep<S: Subject>(subject: &S, number: u64) -> Outcome {
    if number % LEFT == LEFT - 1 {
        subject.upkeep();
    }
    Outcome::Passed
}

fn snapshot() -> impl FnMut(u64) -> bench_harness::Batch {
    let monitor = PerfMonitor::builder().build().expect("the settings are valid");
    for name in 0..1_000 {
        let operation = monitor.operation(&name.to_string());
        for number in 0..1_000 {
            operation.record(Duration::from_micros(number * 10), Completion::Success);
        }
    }
    move |n| {
        repeat(n, |_| {
            let all = black_box(&monitor).snapshot();
            let is_whole = all.len() == 1_000 && all.iter().all(|row| row.since_start.count == 1_000);
            if is_whole { Outcome::Passed } else { Outcome::Failed }
        })
    }
}
