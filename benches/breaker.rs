//! What a call through a circuit breaker costs the thread that makes it.
//!
//! The protected closure hands back a result that the compiler cannot know. `closed/..` runs it every time,
//! `open/..` never; the harness stops where that is not so.
//!
//! - `closed/ok/1-thread`: a closed breaker, the closure succeeds.
//! - `closed/ok/2-threads`: the same on two threads with one breaker; the time is that of each thread.
//! - `closed/ok/2-threads-own-breakers`: the same with a breaker for each thread.
//! - `closed/err/1-thread`: a closed breaker whose threshold is out of reach, the closure fails.
//! - `closed/err/1-thread/exact`: the same where each failure keeps its own time, as up to a threshold of 1 024.
//! - `closed/ok/rate-policy`: a closed breaker that judges the share of failures, the closure succeeds.
//! - `open/reject/1-thread`: an open breaker refuses.

mod peers {
    //! Circuit breakers of others, one file each.

    pub(crate) mod circuitbreaker_rs;
    pub(crate) mod failsafe;
    pub(crate) mod recloser;
    pub(crate) mod tower_resilience;
}

use bench_harness::{Case, Outcome, Padded, Suite, pair, repeat};
use sidecar_runtime::breaker::{Breaker, CallError, Policy};
use std::error::Error;
use std::fmt;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

/// A breaker under test.
pub(crate) trait Subject: Sized + Sync + 'static {
    /// `ours`, or the peer's name.
    const NAME: &'static str;

    /// Which of its ways to be used is measured.
    const USE: &'static str;

    /// A closed breaker that no number of failures opens.
    fn closed() -> Self;

    /// A closed breaker that judges the share of failures among recent calls, and how: over a window of time
    /// where it has one. None of its calls fail.
    fn rated() -> Option<(Self, &'static str)>;

    /// An open breaker that stays so for longer than anyone measures.
    fn open() -> Self;

    /// Calls through the breaker, on one thread, a closure that gives this answer.
    fn caller(&self) -> impl FnMut(Answer) -> Outcome;
}

/// What the protected closure gives.
pub(crate) type Answer = Result<u32, Failure>;

/// Why it fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the dependency failed")
    }
}

impl Error for Failure {}

/// Longer than anyone measures.
pub(crate) const LONG: Duration = Duration::from_secs(24 * 3_600);

const OK: Answer = Ok(1);

impl Subject for Breaker {
    const NAME: &'static str = "ours";
    const USE: &'static str = "Breaker::call, count policy, totals counted";

    fn closed() -> Self {
        Self::builder("closed").failure_threshold(u32::MAX).build().expect("the settings are valid")
    }

    fn rated() -> Option<(Self, &'static str)> {
        let policy = Policy::failure_rate(0.5).over(Duration::from_secs(10)).min_calls(20);
        let breaker = Self::builder("rated").policy(policy).build().expect("the settings are valid");
        Some((breaker, "Breaker::call, 50 % of the last 10 s, totals counted"))
    }

    fn open() -> Self {
        let breaker = Self::builder("open").timeout(LONG).build().expect("the settings are valid");
        breaker.trip();
        breaker
    }

    fn caller(&self) -> impl FnMut(Answer) -> Outcome {
        |answer| match self.call(|| black_box(answer)) {
            Ok(_) => Outcome::Passed,
            Err(CallError::Inner(_)) => Outcome::Failed,
            Err(_) => Outcome::Refused,
        }
    }
}

const EXACT: &str =
    "one admitted call, its failure recorded: Breaker::call, 1000 failures in 1 us, totals counted";

/// More failures than a machine can make in so short a time.
fn exact() -> Breaker {
    let builder = Breaker::builder("exact").failure_threshold(1_000).sliding_window(Duration::from_micros(1));
    builder.build().expect("the settings are valid")
}

/// The closure alone, as every case runs it.
struct Direct;

impl Subject for Direct {
    const NAME: &'static str = "std";
    const USE: &'static str = "the closure without a breaker";

    fn closed() -> Self {
        Self
    }

    fn rated() -> Option<(Self, &'static str)> {
        None
    }

    fn open() -> Self {
        Self
    }

    fn caller(&self) -> impl FnMut(Answer) -> Outcome {
        |answer| if black_box(answer).is_ok() { Outcome::Passed } else { Outcome::Failed }
    }
}

fn main() -> ExitCode {
    let mut suite = Suite::new("breaker");
    suite.add(alone::<Direct>("floor/direct-call", Direct::closed, OK, "one call of the closure"));
    all_of::<Breaker>(&mut suite);
    suite.add(
        case("closed/err/1-thread/exact", exact, Err(Failure), EXACT.to_owned()).expecting(Outcome::Failed),
    );
    all_of::<peers::recloser::Recloser>(&mut suite);
    all_of::<peers::failsafe::Failsafe>(&mut suite);
    all_of::<peers::circuitbreaker_rs::CircuitBreaker>(&mut suite);
    all_of::<peers::tower_resilience::Service>(&mut suite);
    bench_harness::main(&suite)
}

fn all_of<S: Subject>(suite: &mut Suite) {
    let (closed, open) = (S::closed, S::open);
    let err = Err(Failure);
    suite.add(alone::<S>("closed/ok/1-thread", closed, OK, "one admitted call, its success recorded"));
    suite.add(together::<S>("closed/ok/2-threads", false, "the same, two threads on one breaker"));
    suite.add(together::<S>("closed/ok/2-threads-own-breakers", true, "the same, a breaker for each thread"));
    if let Some((_, how)) = S::rated() {
        let rated = || S::rated().expect("it was there before").0;
        let executes = format!("one admitted call, its success judged: {how}");
        suite.add(case("closed/ok/rate-policy", rated, OK, executes));
    }
    suite.add(
        alone::<S>("closed/err/1-thread", closed, err, "one admitted call, its failure recorded")
            .expecting(Outcome::Failed),
    );
    suite.add(
        alone::<S>("open/reject/1-thread", open, OK, "one refused call, the closure does not run")
            .expecting(Outcome::Refused),
    );
}

fn alone<S: Subject>(id: &'static str, build: fn() -> S, answer: Answer, executes: &str) -> Case {
    case(id, build, answer, format!("{executes}: {}", S::USE))
}

fn case<S: Subject>(id: &'static str, build: fn() -> S, answer: Answer, executes: String) -> Case {
    Case::new(id, S::NAME, executes, move || {
        let breaker = build();
        move |n| {
            let mut call = breaker.caller();
            repeat(n, |_| call(answer))
        }
    })
    .counted()
}

fn together<S: Subject>(id: &'static str, own: bool, executes: &str) -> Case {
    Case::new(id, S::NAME, format!("{executes}: {}", S::USE), move || {
        let breakers = [Padded(S::closed()), Padded(S::closed())];
        move |n| {
            let breakers = &breakers;
            pair(n, |thread| {
                let mut call = breakers[if own { thread } else { 0 }].0.caller();
                move |_| call(OK)
            })
        }
    })
}
