//! A thread of the host: events, calls through breakers, operations. What it is told is what the ledger must say.

use crate::support::{Answers, offer};
use sidecar_runtime::breaker::Breaker;
use sidecar_runtime::observer::{Observed, ObserverStats};
use sidecar_runtime::{SidecarHandle, observe};
use sidecar_testkit::Draws;
use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

/// Events of a thread in each of its steps, and how long a step is: 12 500 a second.
const STEP: u64 = 125;
const PAUSE: Duration = Duration::from_millis(10);

/// What the calls were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) by_type: BTreeMap<&'static str, Answers>,
    /// The call of the sidecar that took longest, without the dependency's own time.
    pub(crate) longest: Duration,
    /// Panics of dependencies, which went through their breakers to the host.
    pub(crate) panics: u64,
    /// Operations that were dropped before their end.
    pub(crate) cancelled: u64,
    /// How long it went on.
    pub(crate) lasted: Duration,
}

impl Told {
    pub(crate) fn plus(mut self, other: Self) -> Self {
        for (name, answers) in other.by_type {
            let sum = self.by_type.remove(name).unwrap_or_default();
            self.by_type.insert(name, sum.plus(answers));
        }
        self.longest = self.longest.max(other.longest);
        self.panics += other.panics;
        self.cancelled += other.cancelled;
        self.lasted = self.lasted.max(other.lasted);
        self
    }

    /// The ledger says the same, type by type and reason by reason. An event that is evicted was accepted before.
    #[track_caller]
    pub(crate) fn assert_agrees_with(&self, stats: &ObserverStats) {
        for (name, answers) in &self.by_type {
            let row = &stats.by_type[*name];
            assert_eq!(row.received, answers.total(), "{name}");
            assert_eq!(row.sampled_out, answers.sampled_out, "{name}");
            let mut dropped = row.dropped.clone();
            let evicted = dropped.remove("evicted").unwrap_or_default();
            assert_eq!(dropped, answers.dropped, "{name}");
            assert_eq!(row.processed + row.failed + evicted, answers.accepted, "{name}");
        }
    }

    /// Offers events of a type until one is accepted.
    pub(crate) fn go_wrong(&mut self, sidecar: &SidecarHandle, event_type: &'static str) {
        offer(|| {
            let observed = observe!(sidecar, event_type);
            self.add(event_type, observed);
            observed
        });
    }

    fn add(&mut self, event_type: &'static str, observed: Observed) {
        self.by_type.entry(event_type).or_default().add(observed);
    }

    fn timed<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let returned = call();
        self.longest = self.longest.max(begun.elapsed());
        returned
    }
}

pub(crate) fn run(sidecar: &SidecarHandle, breakers: &[Breaker], seed: u64, stop: &AtomicBool) -> Told {
    let (mut told, mut draws, begun) = (Told::default(), Draws::seeded(seed), Instant::now());
    let mut next = begun;
    while !stop.load(SeqCst) {
        for _ in 0..STEP {
            let event_type = match draws.below(2_000) {
                0 => "panics",
                1 => "hangs",
                2..500 => "test_end",
                500..1_000 => "debug_line",
                _ => "page_view",
            };
            let number = draws.seed();
            let observed = told.timed(|| observe!(sidecar, event_type, number = number, text = "some text"));
            told.add(event_type, observed);
        }
        // Dependencies are down for a quarter of a second in each half.
        let is_down = begun.elapsed().as_millis() / 250 % 2 == 1;
        for breaker in breakers {
            call(breaker, is_down, &mut told, &mut draws);
        }
        measure(sidecar, &mut told, &mut draws);
        next += PAUSE;
        match next.checked_duration_since(Instant::now()) {
            Some(left) => std::thread::sleep(left),
            // What a busy machine could not offer is not made up for.
            None => next = Instant::now(),
        }
    }
    told.lasted = begun.elapsed();
    told
}

/// A dependency that answers, fails, panics, or whose caller forgets it or gives it up.
fn call(breaker: &Breaker, is_down: bool, told: &mut Told, draws: &mut Draws) {
    match draws.below(20) {
        0 => {
            let panics =
                || breaker.call(|| -> Result<(), ()> { panic!("a dependency panics, as it was told to") });
            let outcome = told.timed(|| catch_unwind(AssertUnwindSafe(panics)));
            told.panics += u64::from(outcome.is_err());
        }
        1 => std::mem::forget(told.timed(|| breaker.try_acquire())),
        2 => drop(told.timed(|| breaker.try_acquire_owned())),
        _ => {
            let _ = told.timed(|| breaker.call(|| if is_down { Err(()) } else { Ok(()) }));
        }
    }
}

/// Operations that succeed, fail, or are futures that nobody polls to their end.
fn measure(sidecar: &SidecarHandle, told: &mut Told, draws: &mut Draws) {
    let operation = sidecar.perf().operation("chaos");
    if draws.chance(0.5) {
        let is_err = draws.chance(0.3);
        let _ = told.timed(|| operation.try_measure(|| if is_err { Err(()) } else { Ok(()) }));
    } else {
        told.timed(|| {
            let mut future = pin!(operation.measure_async(pending::<()>()));
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        });
        told.cancelled += 1;
    }
}
