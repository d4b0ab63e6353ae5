//! What recording a metric costs the thread that does it, what writing all of them down costs, and what they weigh.
//!
//! Every series has three tags of ten values each, so a family has up to 1 000 series; a histogram has eleven finite
//! buckets. Every subject has a registry of its own and writes Prometheus' text format or OpenMetrics.
//!
//! - `counter/held`: one is added to a series through what the library lets one hold.
//! - `counter/dynamic-3-tags`: one is added to one of 64 series, found by three values of tags known when it runs.
//! - `histogram/held`: one value is put into its bucket. Work that is left for later is done, and timed, every 1 024.
//! - `render/..`: so many series written down, each of which has counted something, into memory that is new each time.
//! - `bytes-per-series/..`: not nanoseconds but bytes: what a registry of 1 000 series holds after its first writing,
//!   divided by that number.
//!
//! The allocator counts in every case, which adds about a nanosecond to each allocation of anybody.

mod peers {
    //! Metrics of others, one file each.

    pub(crate) mod measured;
    pub(crate) mod metrics_facade;
    pub(crate) mod prometheus;
    pub(crate) mod prometheus_client;
}

use bench_harness::{Batch, Case, Outcome, Suite, Tally, repeat};
use sidecar_harness::alloc::{Counting, counted};
use sidecar_runtime::metrics::{Counter, Histogram, MetricsCollector};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A library under test: a registry of its own.
pub(crate) trait Subject: Sized + 'static {
    /// `ours`, or the peer's name.
    const NAME: &'static str;

    /// How a series is found by its tags.
    const LOOKUP: &'static str;

    type Counter: 'static;
    type Histogram: 'static;

    /// Families of counters, [`family`] by name, whose tags are [`KEYS`], and nothing in them.
    fn counters(families: usize) -> Self;

    /// The same of histograms with [`BOUNDS`].
    fn histograms(families: usize) -> Self;

    /// Adds to a counter, by tags.
    fn add(&self, family: usize, tags: &Tags, n: u64);

    /// Records into a histogram, by tags.
    fn record(&self, family: usize, tags: &Tags, value: f64);

    /// What can be held of a counter.
    fn held_counter(&self, tags: &Tags) -> Self::Counter;

    /// What can be held of a histogram.
    fn held_histogram(&self, tags: &Tags) -> Self::Histogram;

    /// Adds one through what is held.
    fn add_held(&self, counter: &Self::Counter);

    /// Records through what is held.
    fn record_held(&self, histogram: &Self::Histogram, value: f64);

    /// All series as text.
    fn text(&self) -> impl AsRef<[u8]>;

    /// Work that recording has left for later.
    fn upkeep(&self) {}

    /// Runs `work` where this registry is in effect, if it has to be.
    fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }
}

/// The values of the three tags.
pub(crate) type Tags = [&'static str; 3];

pub(crate) const KEYS: Tags = ["framework", "suite", "status"];

/// Values of each tag, and so many series in a family.
const VALUES: usize = 10;
const FAMILY: usize = VALUES * VALUES * VALUES;

pub(crate) const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

pub(crate) const HELP: &str = "What a benchmark counts";

/// The name of a family; a counter's samples have `_total` behind it.
pub(crate) fn family(number: usize) -> String {
    format!("tests_executed_{number}")
}

/// The tags of a series, by its number in the family.
fn tags(number: usize) -> Tags {
    let values: [usize; 3] = [number / (VALUES * VALUES) % VALUES, number / VALUES % VALUES, number % VALUES];
    std::array::from_fn(|at| tag_values(at)[values[at]])
}

/// All values of one tag, for libraries that want to know them beforehand.
pub(crate) fn tag_values(tag: usize) -> [&'static str; VALUES] {
    const TABLE: [[&str; VALUES]; 3] = [
        ["pytest", "junit", "nextest", "mocha", "jest", "rspec", "go-test", "ctest", "nunit", "phpunit"],
        ["unit", "smoke", "api", "ui", "load", "contract", "fuzz", "nightly", "release", "regression"],
        [
            "passed", "failed", "skipped", "error", "flaky", "timeout", "aborted", "retried", "blocked",
            "unknown",
        ],
    ];
    TABLE[tag]
}

/// Our collector.
struct Ours(MetricsCollector);

impl Ours {
    fn new(families: usize) -> Self {
        let series = families * FAMILY;
        let collector = MetricsCollector::builder().max_series(series).build();
        Self(collector.expect("the settings are valid"))
    }
}

/// Names stand in the program: that writing them costs nothing is part of the use.
fn name(family: usize) -> &'static str {
    static NAMES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let names = NAMES.get_or_init(|| (0..100).map(|at| format!("{}_total", crate::family(at))).collect());
    &names[family]
}

fn pairs(tags: &Tags) -> [(&str, &str); 3] {
    std::array::from_fn(|at| (KEYS[at], tags[at]))
}

impl Subject for Ours {
    const NAME: &'static str = "ours";
    const LOOKUP: &'static str = "increment_by, name and tags as `&str`";
    type Counter = Counter;
    type Histogram = Histogram;

    fn counters(families: usize) -> Self {
        let ours = Self::new(families);
        for family in 0..families {
            ours.0.describe(name(family), sidecar_runtime::metrics::Unit::Count, HELP);
        }
        ours
    }

    fn histograms(families: usize) -> Self {
        let ours = Self::counters(families);
        for family in 0..families {
            ours.0.buckets(name(family), &BOUNDS).expect("the bounds ascend");
        }
        ours
    }

    fn add(&self, family: usize, tags: &Tags, n: u64) {
        self.0.increment_by(name(family), n, &pairs(tags));
    }

    fn record(&self, family: usize, tags: &Tags, value: f64) {
        self.0.record_histogram(name(family), value, &pairs(tags));
    }

    fn held_counter(&self, tags: &Tags) -> Counter {
        self.0.counter(name(0), &pairs(tags)).expect("a new name")
    }

    fn held_histogram(&self, tags: &Tags) -> Histogram {
        self.0.histogram(name(0), &pairs(tags)).expect("a new name")
    }

    fn add_held(&self, counter: &Counter) {
        counter.increment();
    }

    fn record_held(&self, histogram: &Histogram, value: f64) {
        histogram.record(value);
    }

    fn text(&self) -> impl AsRef<[u8]> {
        self.0.export_prometheus()
    }
}

fn main() -> ExitCode {
    let mut suite = Suite::new("metrics");
    all_of::<Ours>(&mut suite);
    all_of::<peers::metrics_facade::Exporter>(&mut suite);
    all_of::<peers::prometheus_client::Client>(&mut suite);
    all_of::<peers::prometheus::Prometheus>(&mut suite);
    all_of::<peers::measured::Measured>(&mut suite);
    bench_harness::main(&suite)
}

fn all_of<S: Subject>(suite: &mut Suite) {
    suite.add(Case::new("counter/held", S::NAME, "one added, held", held_counter::<S>).counted());
    let lookup = format!("one added: {}", S::LOOKUP);
    suite.add(Case::new("counter/dynamic-3-tags", S::NAME, lookup, by_tags::<S>).counted());
    suite
        .add(Case::new("histogram/held", S::NAME, "one value recorded, held", held_histogram::<S>).counted());
    for (id, families) in
        [("render/1000-counters", 1), ("render/10000-counters", 10), ("render/100000-counters", 100)]
    {
        let executes = format!("{} counters as text", families * FAMILY);
        let case = Case::new(id, S::NAME, executes, move || {
            rendering(filled_counters::<S>(families), families * FAMILY)
        });
        // The largest differs from the others in nothing but its size.
        suite.add(if families < 100 { case.long().counted() } else { case.long().measured_only() });
    }
    let buckets = FAMILY * (BOUNDS.len() + 3);
    let executes = format!("{FAMILY} histograms as text, {buckets} lines");
    let case = Case::new("render/1000-histograms", S::NAME, executes, move || {
        rendering(filled_histograms::<S>(), buckets)
    });
    suite.add(case.long().counted());
    let executes = "bytes, not nanoseconds: one counter of 1 000, after a writing";
    suite.add(Case::new("bytes-per-series/counter", S::NAME, executes, || weighing(filled_counters::<S>, 1)));
    let executes = "bytes, not nanoseconds: one histogram of 1 000, after a writing";
    suite.add(Case::new("bytes-per-series/histogram", S::NAME, executes, || {
        weighing(|_| filled_histograms::<S>(), 1)
    }));
}

fn done() -> Outcome {
    Outcome::Passed
}

fn held_counter<S: Subject>() -> impl FnMut(u64) -> Batch {
    let subject = S::counters(1);
    let counter = subject.held_counter(&tags(0));
    move |n| {
        repeat(n, |_| {
            subject.add_held(black_box(&counter));
            done()
        })
    }
}

/// Series that a lookup goes to in turn.
const LOOKED_UP: usize = 64;

fn by_tags<S: Subject>() -> impl FnMut(u64) -> Batch {
    let subject = S::counters(1);
    let all: Vec<Tags> = (0..LOOKED_UP).map(|at| tags(at * 15)).collect();
    move |n| {
        subject.within(|| {
            repeat(n, |number| {
                subject.add(0, black_box(&all[number as usize % LOOKED_UP]), 1);
                done()
            })
        })
    }
}

/// Recordings between two doings of the work that is left for later.
const LEFT: u64 = 1_024;

fn held_histogram<S: Subject>() -> impl FnMut(u64) -> Batch {
    let subject = S::histograms(1);
    let histogram = subject.held_histogram(&tags(0));
    move |n| {
        repeat(n, |number| {
            subject.record_held(black_box(&histogram), (number % 1_000) as f64 / 100.0);
            if number % LEFT == LEFT - 1 {
                subject.upkeep();
            }
            done()
        })
    }
}

fn filled_counters<S: Subject>(families: usize) -> S {
    let subject = S::counters(families);
    subject.within(|| {
        for number in 0..families * FAMILY {
            // From one digit to eight, as counters are.
            let count = number as u64 * 7_919 % 10_u64.pow(number as u32 % 8 + 1) + 1;
            subject.add(number / FAMILY, &tags(number % FAMILY), count);
        }
    });
    subject
}

fn filled_histograms<S: Subject>() -> S {
    let subject = S::histograms(1);
    subject.within(|| {
        for number in 0..FAMILY {
            for value in [0.003, 0.07, 0.07, 1.25, 30.0] {
                subject.record(0, &tags(number), value);
            }
        }
    });
    subject.upkeep();
    subject
}

/// Writes a registry down again and again: `lines` is how many samples that must come to.
fn rendering<S: Subject>(subject: S, lines: usize) -> impl FnMut(u64) -> Batch {
    let size = checked(&subject, lines);
    move |n| {
        repeat(n, |_| {
            let text = subject.text();
            if black_box(text.as_ref()).len() == size { Outcome::Passed } else { Outcome::Failed }
        })
    }
}

/// The length of a text that must hold so many samples.
fn checked<S: Subject>(subject: &S, lines: usize) -> usize {
    let text = subject.text();
    let text = std::str::from_utf8(text.as_ref()).expect("the formats are UTF-8");
    let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    assert_eq!(samples, lines, "{} writes other series down: {}", S::NAME, &text[..text.len().min(2_000)]);
    text.len()
}

/// Answers with the bytes of one series as if they were nanoseconds.
fn weighing<S: Subject>(fill: impl Fn(usize) -> S, families: usize) -> impl FnMut(u64) -> Batch {
    // What is made once for all registries is not a registry's.
    drop(fill(families).text());
    let (_held, tally) = counted(|| {
        let subject = fill(families);
        drop(subject.text());
        subject
    });
    let bytes = tally.live_bytes as u64 / (families * FAMILY) as u64;
    move |n| Batch {
        elapsed: Duration::from_nanos(bytes * n),
        tally: Tally { passed: n, ..Tally::default() },
        in_turns: 0,
    }
}
