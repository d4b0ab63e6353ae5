//! Faults of health checks: each is a script, run against this project's checker and against another one for Rust.
//!
//! It prints the table of `docs/health-faults.md`, which says how each is set. All scripts run at once, because most of
//! the time is spent waiting for what does not happen.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod checkers {
    //! Checkers, one file each.

    pub(crate) mod ours;
    pub(crate) mod tower_resilience;
}

use checkers::{ours, tower_resilience};
use std::future::{pending, ready};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// Time between two checks.
pub(crate) const INTERVAL: Duration = Duration::from_millis(50);
/// How long a check may take.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(100);
/// Failures in a row that turn a component over.
pub(crate) const FAILURES: u32 = 2;
/// How long a script waits for what should happen. All of it happens within half a second, if it does.
const LOOK: Duration = Duration::from_secs(6);

/// What goes wrong with a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Hangs,
    HangsBlocking,
    BlocksItsThread,
    PanicsCalled,
    PanicsPolled,
    PanicsDropped,
    Slow,
    Flaps,
}

/// A run of a check.
pub(crate) type Run = Pin<Box<dyn Future<Output = bool> + Send>>;

/// What is checked: well until it is broken.
#[derive(Clone)]
pub(crate) struct Target(Arc<Inner>);

struct Inner {
    fault: Fault,
    broken: AtomicBool,
    runs: AtomicU64,
    hanging: AtomicU64,
}

impl Target {
    fn new(fault: Fault) -> Self {
        Self(Arc::new(Inner {
            fault,
            broken: AtomicBool::new(false),
            runs: AtomicU64::new(0),
            hanging: AtomicU64::new(0),
        }))
    }

    pub(crate) fn fault(&self) -> Fault {
        self.0.fault
    }

    fn runs(&self) -> u64 {
        self.0.runs.load(SeqCst)
    }

    /// Runs that block a thread for ever.
    fn hanging(&self) -> u64 {
        self.0.hanging.load(SeqCst)
    }

    /// A check that may block its thread.
    pub(crate) fn check_blocking(&self) -> bool {
        self.0.runs.fetch_add(1, SeqCst);
        if self.0.broken.load(SeqCst) {
            self.0.hanging.fetch_add(1, SeqCst);
            block();
        }
        true
    }

    /// A check that is a future.
    pub(crate) fn check(&self) -> Run {
        let run = self.0.runs.fetch_add(1, SeqCst);
        if !self.0.broken.load(SeqCst) {
            return Box::pin(ready(true));
        }
        match self.0.fault {
            Fault::Hangs | Fault::HangsBlocking => Box::pin(pending()),
            Fault::BlocksItsThread => Box::pin(async { block() }),
            Fault::PanicsCalled => panic(),
            Fault::PanicsPolled => Box::pin(async { panic() }),
            Fault::PanicsDropped => {
                let bomb = Bomb;
                Box::pin(async move {
                    let _bomb = bomb;
                    pending().await
                })
            }
            Fault::Slow => Box::pin(async {
                tokio::time::sleep(TIMEOUT + INTERVAL).await;
                true
            }),
            Fault::Flaps => Box::pin(ready(run.is_multiple_of(2))),
        }
    }
}

/// Without the panic hook, which would print it.
fn panic() -> ! {
    resume_unwind(Box::new("as it was told to"))
}

/// Until the program ends.
pub(crate) fn block() -> ! {
    loop {
        thread::park();
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic();
        }
    }
}

/// A checker of two components, at work.
pub(crate) trait Checker {
    /// Starts checking `target` and `other`.
    fn start(target: &Target, other: &Target) -> Self;
    /// How `target` stands: healthy, unhealthy, or anything else.
    fn status(&self) -> &'static str;
}

/// What is scripted, and the script for each of the two.
type Row = (&'static str, fn() -> String, fn() -> String);

const ROWS: [Row; 12] = [
    ("A check hangs", checks::<ours::Ours, 0>, checks::<tower_resilience::Peer, 0>),
    ("A blocking check hangs", checks::<ours::Ours, 1>, checks::<tower_resilience::Peer, 1>),
    ("An asynchronous check blocks its thread", checks::<ours::Ours, 2>, checks::<tower_resilience::Peer, 2>),
    ("It panics when it is called", checks::<ours::Ours, 3>, checks::<tower_resilience::Peer, 3>),
    ("It panics in a poll", checks::<ours::Ours, 4>, checks::<tower_resilience::Peer, 4>),
    ("It hangs, and panics when it is dropped", checks::<ours::Ours, 5>, checks::<tower_resilience::Peer, 5>),
    ("It answers, too late", checks::<ours::Ours, 6>, checks::<tower_resilience::Peer, 6>),
    ("It fails every second time", flapping::<ours::Ours>, flapping::<tower_resilience::Peer>),
    ("What starts the checks is dead", ours::dead_scheduler, tower_resilience::dead_scheduler),
    ("The application blocks every thread of its runtime", ours::wedged, tower_resilience::wedged),
    ("A worker that should beat has died", ours::dead_heartbeat, tower_resilience::dead_heartbeat),
    ("The clock jumps an hour ahead, then two back", ours::clock_jump, tower_resilience::clock_jump),
];

const FAULTS: [Fault; 7] = [
    Fault::Hangs,
    Fault::HangsBlocking,
    Fault::BlocksItsThread,
    Fault::PanicsCalled,
    Fault::PanicsPolled,
    Fault::PanicsDropped,
    Fault::Slow,
];

fn main() {
    let rows = ROWS.map(|(fault, ours, peer)| (fault, thread::spawn(ours), thread::spawn(peer)));
    println!("| | sidecar-health | {} |\n| --- | --- | --- |", tower_resilience::NAME);
    for (fault, ours, peer) in rows {
        let [ours, peer] = [ours, peer].map(|cell| cell.join().expect("no script panics"));
        println!("| {fault} | {ours} | {peer} |");
    }
}

/// Breaks a component that is healthy, and looks at it, at the runs of its check, and at the other one.
fn checks<C: Checker, const FAULT: usize>() -> String {
    let (target, other) = (Target::new(FAULTS[FAULT]), Target::new(FAULTS[FAULT]));
    let checker = C::start(&target, &other);
    assert!(happens(|| checker.status() == "healthy"), "it begins well");
    target.0.broken.store(true, SeqCst);
    let before = other.runs();
    let goes_on = || other.runs() >= before + 10;
    let turned = || checker.status() == "unhealthy";
    happens(|| turned() && goes_on());
    let hanging = match target.fault() {
        // One more would be counted as soon as it is started, which is due long before this.
        Fault::HangsBlocking if happens(|| target.hanging() > 1) => ", a further run hangs every time",
        Fault::HangsBlocking => ", one run hangs",
        _ => "",
    };
    let status = if turned() { "unhealthy" } else { "**healthy**" };
    let others = if goes_on() { "the other is checked" } else { "**the other is checked no more**" };
    format!("{status}{hanging}, {others}")
}

/// Whether a component whose check fails every second time is ever anything but healthy.
fn flapping<C: Checker>() -> String {
    let (target, other) = (Target::new(Fault::Flaps), Target::new(Fault::Flaps));
    let checker = C::start(&target, &other);
    assert!(happens(|| checker.status() == "healthy"), "it begins well");
    target.0.broken.store(true, SeqCst);
    let before = target.runs();
    let mut steady = true;
    happens(|| {
        steady &= checker.status() == "healthy";
        target.runs() >= before + 20
    });
    if steady { "healthy" } else { "flaps" }.to_owned()
}

/// Whether it happens in time.
pub(crate) fn happens(mut it: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !it() {
        if begun.elapsed() > LOOK {
            return it();
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}
