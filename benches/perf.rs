//! What measuring an operation costs the thread that carries it out, and what reading costs.
//!
//! Every subject is shared by threads, keeps a bounded histogram and says how many there were; ours also counts how
//! they ended and how many are in flight. Durations are spread over a millisecond.
//!
//! - `timed`: an operation that does nothing is timed, by two raw readings of one clock, and recorded.
//! - `record/1-thread`: a duration is recorded through a handle that is held.
//! - `record/2-threads`: the same on two threads with one histogram; the time is that of each thread.
//! - `record/rare-thread`: a thread that has no cell of its own records; ours alone has such.
//! - `snapshot/1000-operations`: the figures of a thousand operations, with three percentiles for the window and three
//!   since the start, all with their bounds.
//! - `floor/..`: recorders that one thread owns: `&mut`, not shared, and without a window.

mod peers {
    //! Histograms of others, one file each.

    pub(crate) mod durations_autometrics;
    pub(crate) mod durations_metrics_facade;
    pub(crate) mod durations_prometheus;
    pub(crate) mod durations_prometheus_client;
}

use bench_harness::{Case, Outcome, Suite, pair, repeat};
use sidecar_runtime::perf::{Completion, Operation, PerfMonitor};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

/// A histogram under test.
pub(crate) trait Subject: Sized + Sync + 'static {
    /// `ours`, or the peer's name.
    const NAME: &'static str;

    /// How it is used.
    const USE: &'static str;

    fn new() -> Self;

    /// Records durations, on one thread.
    fn recorder(&self) -> impl FnMut(Duration);

    /// Runs and records operations, on one thread.
    fn timer(&self) -> impl FnMut();
}

/// The bounds that peers are given, in seconds.
pub(crate) const BOUNDS: [f64; 11] = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 1.0];

/// Spread over a millisecond, in no order.
fn duration(number: u64) -> Duration {
    Duration::from_nanos(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44)
}

/// A monitor that is ticked, and one operation.
struct Ours {
    _monitor: PerfMonitor,
    operation: Operation,
}

fn monitor() -> PerfMonitor {
    PerfMonitor::builder().start().expect("the settings are valid, and there is room for a thread")
}

impl Subject for Ours {
    const NAME: &'static str = "ours";
    const USE: &'static str = "an Operation of a ticked PerfMonitor";

    fn new() -> Self {
        let monitor = monitor();
        Self { operation: monitor.operation("benchmark"), _monitor: monitor }
    }

    fn recorder(&self) -> impl FnMut(Duration) {
        |duration| self.operation.record(duration, Completion::Success)
    }

    fn timer(&self) -> impl FnMut() {
        || self.operation.measure(|| black_box(()))
    }
}

fn main() -> ExitCode {
    let mut suite = Suite::new("perf");
    floors(&mut suite);
    all_of::<Ours>(&mut suite);
    suite.add(rare_thread());
    suite.add(snapshot());
    all_of::<peers::durations_prometheus_client::Histogram>(&mut suite);
    all_of::<peers::durations_prometheus::Histogram>(&mut suite);
    all_of::<peers::durations_metrics_facade::Histogram>(&mut suite);
    suite.add(attribute());
    bench_harness::main(&suite)
}

fn attribute() -> Case {
    use peers::durations_autometrics::{NAME, USE, nothing};
    let executes = format!("one empty operation timed and recorded: {USE}");
    Case::new("timed", NAME, executes, || |n| repeat(n, |_| done(nothing))).counted()
}

fn all_of<S: Subject>(suite: &mut Suite) {
    let executes = |what: &str| format!("{what}: {}", S::USE);
    suite.add(
        Case::new("timed", S::NAME, executes("one empty operation timed and recorded"), || {
            let subject = S::new();
            move |n| {
                let mut time = subject.timer();
                repeat(n, |_| done(&mut time))
            }
        })
        .counted(),
    );
    suite.add(
        Case::new("record/1-thread", S::NAME, executes("one duration recorded"), || {
            let subject = S::new();
            move |n| {
                let mut record = subject.recorder();
                repeat(n, |number| done(|| record(duration(number))))
            }
        })
        .counted(),
    );
    suite.add(Case::new(
        "record/2-threads",
        S::NAME,
        executes("the same, two threads, one histogram"),
        || {
            let subject = S::new();
            move |n| {
                pair(n, |_| {
                    let mut record = subject.recorder();
                    move |number| done(|| record(duration(number)))
                })
            }
        },
    ));
}

/// As many operations before it on the same thread as have cells of their own there.
fn rare_thread() -> Case {
    Case::new("record/rare-thread", "ours", "one duration recorded in a cell that threads share", || {
        let monitor = monitor();
        let mut operations: Vec<_> =
            (0..65).map(|number| monitor.operation(&format!("operation-{number}"))).collect();
        operations.iter().for_each(|operation| operation.measure(|| ()));
        let operation = operations.pop().expect("there are 65");
        // The others keep their places.
        move |n| {
            let _kept = (&monitor, &operations);
            repeat(n, |number| done(|| operation.record(duration(number), Completion::Success)))
        }
    })
}

fn snapshot() -> Case {
    const OPERATIONS: u64 = 1_000;
    let executes = "PerfMonitor::snapshot of 1000 operations with 100 durations each";
    Case::new("snapshot/1000-operations", "ours", executes, || {
        let monitor = monitor();
        for number in 0..OPERATIONS * 100 {
            let operation = monitor.operation(&format!("operation-{}", number % OPERATIONS));
            operation.record(duration(number), Completion::Success);
        }
        move |n| {
            repeat(n, |_| {
                let seen = monitor.snapshot();
                if seen.len() == OPERATIONS as usize { Outcome::Passed } else { Outcome::Failed }
            })
        }
    })
}

fn floors(suite: &mut Suite) {
    suite.add(floor("hdrhistogram", "Histogram<u64>, two digits, up to an hour", || {
        let mut histogram =
            hdrhistogram::Histogram::<u64>::new_with_max(3_600_000_000_000, 2).expect("in range");
        move |nanos| histogram.record(nanos).expect("in range")
    }));
    suite.add(floor("sketches-ddsketch", "DDSketch, relative error of 1 %", || {
        let mut sketch = sketches_ddsketch::DDSketch::new(sketches_ddsketch::Config::new(0.01, 2_048, 1.0));
        move |nanos| sketch.add(nanos as f64)
    }));
    suite.add(floor("quantiles", "CKMS, error of 0.01, begun anew after 10 000", || {
        let new = || quantiles::ckms::CKMS::<f64>::new(0.01);
        let mut stream = new();
        move |nanos| {
            if stream.count() == 10_000 {
                stream = new();
            }
            stream.insert(nanos as f64);
        }
    }));
}

fn floor<R: FnMut(u64) + 'static>(subject: &'static str, how: &str, build: impl Fn() -> R + 'static) -> Case {
    let executes = format!("one duration recorded by its one owner: {how}");
    Case::new("floor/record", subject, executes, move || {
        let mut record = build();
        move |n| repeat(n, |number| done(|| record(duration(number).as_nanos() as u64)))
    })
    .counted()
}

fn done(work: impl FnOnce()) -> Outcome {
    work();
    Outcome::Passed
}
