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
//! - `closed/err/in-a-row`: a closed breaker that counts failures since the last success, the closure fails.
//! - `closed/ok/rate-policy`: a closed breaker that judges the share of failures in a window of time, the closure
//!   succeeds.
//! - `closed/ok/rate-policy/last-calls`: the same among the last 100 calls, without a window of time.
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

    /// A closed breaker that no number of failures opens and that, where it can, looks at when they were; and by
    /// which rule.
    fn dating() -> (Self, &'static str) {
        (Self::closed(), Self::USE)
    }

    /// A closed breaker that opens at half of the calls, and by which rule.
    fn rated(over: Over) -> Option<(Self, &'static str)>;

    /// A closed breaker that no number of failures in a row opens, unless [`closed`](Self::closed) is one.
    fn counting_rows() -> Option<(Self, &'static str)> {
        None
    }

    /// An open breaker that stays so for longer than anyone measures.
    fn open() -> Self;

    /// Calls through the breaker, on one thread, a closure that gives this answer.
    fn caller(&self) -> impl FnMut(Answer) -> Outcome;
}

/// Which calls a rate is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Those of the last seconds.
    Time,
    /// The last ones, however long ago they were.
    LastCalls,
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

    fn rated(over: Over) -> Option<(Self, &'static str)> {
        let rate = Policy::failure_rate(0.5).min_calls(20);
        let (policy, how) = match over {
            Over::Time => (rate.over(Duration::from_secs(10)), "50 % of the last 10 s, totals counted"),
            Over::LastCalls => (rate.over_calls(100), "50 % of the last 100 calls, totals counted"),
        };
        Some((Self::builder("rated").policy(policy).build().expect("the settings are valid"), how))
    }

    fn counting_rows() -> Option<(Self, &'static str)> {
        let builder = Self::builder("rows").policy(Policy::consecutive_failures(u32::MAX));
        let breaker = builder.build().expect("the settings are valid");
        Some((breaker, "failures in a row, each with its time for display, totals counted"))
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

    fn rated(_: Over) -> Option<(Self, &'static str)> {
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
    add_if(suite, "closed/ok/rate-policy", || S::rated(Over::Time), OK);
    add_if(suite, "closed/ok/rate-policy/last-calls", || S::rated(Over::LastCalls), OK);
    add_if(suite, "closed/err/in-a-row", S::counting_rows, err);
    add_if(suite, "closed/err/1-thread", || Some(S::dating()), err);
    suite.add(
        alone::<S>("open/reject/1-thread", open, OK, "one refused call, the closure does not run")
            .expecting(Outcome::Refused),
    );
}

/// Adds a case of a breaker that not every subject has.
fn add_if<S: Subject>(
    suite: &mut Suite,
    id: &'static str,
    build: fn() -> Option<(S, &'static str)>,
    answer: Answer,
) {
    if let Some((_, how)) = build() {
        let executes = format!("one admitted call, its outcome judged: {how}");
        let case = case(id, move || build().expect("it was there before").0, answer, executes);
        let expected = if answer.is_ok() { Outcome::Passed } else { Outcome::Failed };
        suite.add(case.expecting(expected));
    }
}

fn alone<S: Subject>(id: &'static str, build: fn() -> S, answer: Answer, executes: &str) -> Case {
    case(id, build, answer, format!("{executes}: {}", S::USE))
}

fn case<S: Subject>(
    id: &'static str,
    build: impl Fn() -> S + 'static,
    answer: Answer,
    executes: String,
) -> Case {
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
