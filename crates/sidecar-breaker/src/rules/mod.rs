//! A policy at work: what has been seen, and whether that opens the breaker.
//!
//! Calls are recorded by the threads that made them, without a lock. Each kind of rule keeps its own record,
//! tagged with the generation it belongs to: what an older generation still has to say finds another tag, and
//! is late. Every rule that is recorded to judges what it then holds, and of two threads that record at the
//! same time at least the one that finishes last sees both.

mod buckets;
mod consecutive;
mod handover;
mod head;
mod last_calls;
mod many;
mod rate;
mod recent;
mod share;

use crate::Cause;
use crate::policy::{Over, Policy, Rule};
use consecutive::Consecutive;
use last_calls::LastCalls;
use many::Many;
use rate::Rate;
use recent::Recent;
use share::Share;
use sidecar_core::clock::nanos;

/// A call that ended in a verdict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Nanoseconds of the breaker's clock.
    pub(crate) now: u64,
    pub(crate) generation: u64,
    pub(crate) failed: bool,
    /// In nanoseconds; zero where nobody measured.
    pub(crate) took: u64,
}

/// What the record says once a call is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Nothing opens.
    Below,
    /// This rule opens.
    Reached(Cause),
    /// The call was recorded, and what decides lies ahead of its reading of the clock: to be judged again by a fresh
    /// one, under the lock.
    Unsure,
    /// The call is of an earlier generation and was not recorded.
    Late,
}

/// The record is ahead of the reading of the clock, and the call was not recorded. Either the thread was held
/// up between reading and recording, or the clock has stepped back; a fresh reading tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ahead;

/// The rules of a policy, any of which opens.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Most policies have no other, and reach it without a pointer more.
    first: Record,
    others: Box<[Record]>,
    judge_success: bool,
    time_success: bool,
    slow: Option<u64>,
}

#[derive(Debug)]
enum Record {
    Recent(Recent),
    Many(Many),
    Consecutive(Consecutive),
    Rate(Rate),
    LastCalls(LastCalls),
}

/// Calls the method of whichever record it is.
macro_rules! each {
    ($record:expr, $one:ident => $call:expr) => {
        match $record {
            Record::Recent($one) => $call,
            Record::Many($one) => $call,
            Record::Consecutive($one) => $call,
            Record::Rate($one) => $call,
            Record::LastCalls($one) => $call,
        }
    };
}

impl Record {
    fn new(rule: &Rule) -> Self {
        match *rule {
            Rule::Failures { count, within } if count as usize <= recent::MOST => {
                Self::Recent(Recent::new(count as usize, nanos(within)))
            }
            Rule::Failures { count, within } => Self::Many(Many::new(u64::from(count), nanos(within))),
            Rule::Consecutive { count } => Self::Consecutive(Consecutive::new(u64::from(count))),
            Rule::Rate { share, slower_than, min_calls, over } => {
                let share = Share::new(share, slower_than.map(nanos));
                match over {
                    Over::Time(span) => Self::Rate(Rate::new(share, u64::from(min_calls), nanos(span))),
                    Over::Calls(calls) => Self::LastCalls(LastCalls::new(share, min_calls, calls)),
                }
            }
        }
    }

    fn judges_success(&self) -> bool {
        match self {
            Self::Recent(_) | Self::Many(_) => false,
            Self::Consecutive(_) | Self::Rate(_) | Self::LastCalls(_) => true,
        }
    }

    /// Whether a success, too, is counted by its time.
    fn slides_by_time(&self) -> bool {
        matches!(self, Self::Rate(_))
    }

    fn share(&self) -> Option<Share> {
        match self {
            Self::Rate(rate) => Some(rate.share()),
            Self::LastCalls(calls) => Some(calls.share()),
            Self::Recent(_) | Self::Many(_) | Self::Consecutive(_) => None,
        }
    }
}

impl Rules {
    /// For `generation`, with an empty record.
    pub(crate) fn new(policy: &Policy, generation: u64) -> Self {
        let (first, others) = policy.rules();
        let (first, others) = (Record::new(first), others.iter().map(Record::new).collect());
        let mut rules = Self { first, others, judge_success: false, time_success: false, slow: None };
        rules.judge_success = rules.records().any(Record::judges_success);
        rules.slow = rules.records().filter_map(|record| record.share()?.slower_than()).min();
        rules.time_success = rules.slow.is_some() || rules.records().any(Record::slides_by_time);
        rules.begin(generation, true);
        rules
    }

    /// Whether a success may change what the rules say.
    pub(crate) fn judge_success(&self) -> bool {
        self.judge_success
    }

    /// Whether any rule asks how long calls take.
    pub(crate) fn are_timed(&self) -> bool {
        self.slow.is_some()
    }

    /// Whether a success needs a reading of the clock.
    pub(crate) fn time_success(&self) -> bool {
        self.time_success
    }

    /// Whether a call that took so long is slow.
    pub(crate) fn are_too_slow(&self, took: u64) -> bool {
        self.slow.is_some_and(|limit| took > limit)
    }

    /// Adds a call of which `now` may be out of date.
    #[inline(always)]
    pub(crate) fn record(&self, call: &Call) -> Result<Judged, Ahead> {
        if each!(&self.first, one => one.is_ahead(call)) || self.others_are_ahead(call) {
            return Err(Ahead);
        }
        Ok(self.record_now(call))
    }

    /// Adds a call whose `now` was read under the lock, after the record has [followed](Self::follow) the clock.
    pub(crate) fn record_fresh(&self, call: &Call) -> Judged {
        match self.record_now(call) {
            Judged::Unsure => self.judge(call.now),
            judged => judged,
        }
    }

    /// What the record says at a time that was read under the lock, after it has followed the clock.
    pub(crate) fn judge(&self, now: u64) -> Judged {
        let judged = self.records().map(|record| match record {
            Record::Recent(recent) => recent.judge(now),
            // All others are sure of each call.
            Record::Many(_) | Record::Consecutive(_) | Record::Rate(_) | Record::LastCalls(_) => {
                Judged::Below
            }
        });
        judged.into_iter().find(|judged| *judged != Judged::Below).unwrap_or(Judged::Below)
    }

    fn others_are_ahead(&self, call: &Call) -> bool {
        self.others.iter().any(|record| each!(record, one => one.is_ahead(call)))
    }

    #[inline(always)]
    fn record_now(&self, call: &Call) -> Judged {
        let judged = each!(&self.first, one => one.record(call));
        if self.others.is_empty() || judged == Judged::Late {
            judged
        } else {
            self.record_others(call, judged)
        }
    }

    /// One rule after the other: the first that opens gives the cause.
    fn record_others(&self, call: &Call, mut judged: Judged) -> Judged {
        for record in &*self.others {
            match each!(record, one => one.record(call)) {
                Judged::Late => return Judged::Late,
                Judged::Reached(cause) if !matches!(judged, Judged::Reached(_)) => {
                    judged = Judged::Reached(cause)
                }
                Judged::Unsure if judged == Judged::Below => judged = Judged::Unsure,
                Judged::Reached(_) | Judged::Unsure | Judged::Below => {}
            }
        }
        judged
    }

    /// From now on only calls of `generation` are recorded; beside what there is already, or afresh.
    pub(crate) fn begin(&self, generation: u64, afresh: bool) {
        self.records().for_each(|record| each!(record, one => one.begin(generation, afresh)));
    }

    /// Failures that count at this moment, by the rule that counts most. `now` is a fresh reading.
    pub(crate) fn failures(&self, now: u64, generation: u64) -> u64 {
        self.records().map(|record| each!(record, one => one.failures(now, generation))).max().unwrap_or(0)
    }

    fn records(&self) -> std::iter::Chain<std::iter::Once<&Record>, std::slice::Iter<'_, Record>> {
        std::iter::once(&self.first).chain(&*self.others)
    }

    /// Whether something lies ahead of this reading, which may be out of date.
    pub(crate) fn hold_ahead(&self, now: u64) -> bool {
        self.records().any(|record| each!(record, one => one.holds_ahead(now)))
    }

    /// A clock that steps back must keep nothing for longer: what lies ahead of it comes along, as old as it was.
    ///
    /// `read` reads the clock. A reading that was taken before what it is compared with would tell nothing: the other
    /// thread may just have been faster.
    pub(crate) fn follow(&self, read: &dyn Fn() -> u64, generation: u64) {
        self.records().for_each(|record| each!(record, one => one.follow(read, generation)));
    }
}

/// What the tests of all rules are made of.
#[cfg(test)]
mod samples {
    use super::Call;

    pub(super) fn failure(now: u64) -> Call {
        Call { now, generation: 0, failed: true, took: 0 }
    }

    pub(super) fn success(now: u64) -> Call {
        Call { failed: false, ..failure(now) }
    }

    /// Runs two threads in every order on what `make` makes, and then `check`.
    #[cfg(sidecar_loom)]
    pub(super) fn meet<T: Sync + Send + 'static, A: 'static, B>(
        make: impl Fn() -> T + Sync + Send + 'static,
        one: impl Fn(&T) -> A + Copy + Sync + Send + 'static,
        other: impl Fn(&T) -> B + Sync + Send + 'static,
        check: impl Fn(&T, A, B) + Sync + Send + 'static,
    ) {
        loom::model(move || {
            let shared = loom::sync::Arc::new(make());
            let thread = {
                let shared = loom::sync::Arc::clone(&shared);
                loom::thread::spawn(move || one(&shared))
            };
            let b = other(&shared);
            let a = thread.join().expect("no panic");
            check(&shared, a, b);
        });
    }
}
