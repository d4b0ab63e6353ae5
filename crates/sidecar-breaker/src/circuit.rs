//! The machine under its lock, and all that passes without it.

#[cfg(all(test, sidecar_loom))]
mod models;

use crate::identity::Identity;
use crate::last_failure::{LastFailure, Shown};
use crate::limits::Limits;
use crate::listeners::Outbox;
use crate::machine::{Machine, NEVER};
use crate::published::{Moment, Published};
use crate::rules::{Ahead, Call, Judged, Rules};
use crate::snapshot::Reading;
use crate::ticket::Ticket;
use crate::totals::{Outcome, Totals};
use crate::transition::History;
use crate::word::{Flags, Word};
use crate::{BreakerSettings, RejectReason, Rejected, State, Verdict};
use arc_swap::ArcSwapOption;
use sidecar_core::Clock;
use sidecar_core::sync::{Mutex, MutexGuard};
use std::sync::{Arc, PoisonError};

/// What all handles of one breaker share.
///
/// The lock is held for one step of the machine and never over user code. What passes without it:
///
/// - an admission while the state has neither slots nor a timer: such a call may run at any time of its
///   generation, and if the state changes meanwhile it is late, as if it had been admitted just before;
/// - a refusal while the period lasts: at worst it is one moment out of date;
/// - the end of a call in such a state, unless the rules say that it opens;
/// - a late result: generations only grow, so what differs once differs for ever.
#[derive(Debug)]
pub(crate) struct Circuit {
    published: Published,
    totals: Totals,
    clock: Clock,
    identity: Identity,
    given: BreakerSettings,
    /// The rules that the breaker was built with, which are reached without the cost of looking for others.
    first_rules: Arc<Rules>,
    /// Those that have taken their place, if the word says so.
    other_rules: ArcSwapOption<Rules>,
    failed: LastFailure,
    guarded: Mutex<Guarded>,
    outbox: Arc<Outbox>,
}

#[derive(Debug)]
struct Guarded {
    machine: Machine,
    settings: BreakerSettings,
    history: History,
    last_failure: Shown,
}

impl Circuit {
    pub(crate) fn new(
        identity: Identity,
        given: BreakerSettings,
        limits: Limits,
        clock: Clock,
        seed: u64,
    ) -> Self {
        let rules = Arc::new(Rules::new(&given.policy(), 0));
        let machine = Machine::new(limits, Arc::clone(&rules), seed);
        let published = Published::new(Moment::of(&machine));
        let outbox = Outbox::new();
        let (settings, history) = (given.clone(), History::new(Arc::clone(&outbox)));
        Self {
            published,
            totals: Totals::new(identity.id()),
            clock,
            identity,
            given,
            first_rules: rules,
            other_rules: ArcSwapOption::empty(),
            failed: LastFailure::default(),
            guarded: Mutex::new(Guarded { machine, settings, history, last_failure: Shown::default() }),
            outbox,
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The settings as they were given when the breaker was built.
    pub(crate) fn given(&self) -> &BreakerSettings {
        &self.given
    }

    /// The settings that hold now.
    pub(crate) fn settings(&self) -> BreakerSettings {
        self.lock().settings.clone()
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Admits or refuses one call; a refusal is counted.
    pub(crate) fn admit(&self) -> Result<Ticket, Rejected> {
        self.admit_at_a_glance().map_or_else(|word| self.admit_at_length(word), Ok)
    }

    /// A ticket for what is by far the most frequent case, and else the word that says why not: a call that
    /// passes without any condition and is not timed.
    #[inline]
    pub(crate) fn admit_at_a_glance(&self) -> Result<Ticket, Word> {
        let word = self.published.word();
        let is_plain = word.state() == State::Closed && !word.has(Flags::TIMED);
        if is_plain { Ok(Ticket::untimed(word)) } else { Err(word) }
    }

    /// Goes on from [`admit_at_a_glance`](Self::admit_at_a_glance).
    pub(crate) fn admit_at_length(&self, word: Word) -> Result<Ticket, Rejected> {
        if self.is_unconditional(word) {
            return Ok(Ticket::new(word, || self.clock.now()));
        }
        let refused = match self.refuse_at_a_glance() {
            Some(rejected) => rejected,
            None => {
                let admitted = self.step(|Guarded { machine, .. }, now| {
                    machine.admit(now).map(|()| Ticket::new(machine.word(), || now))
                });
                match admitted {
                    Ok(ticket) => return Ok(ticket),
                    Err(refusal) => Rejected::new(self.identity.id(), refusal.reason, refusal.retry_after),
                }
            }
        };
        self.totals.count(Outcome::Rejected);
        Err(refused)
    }

    /// Ends the call that was admitted with `ticket`; `None` is a call without a verdict.
    pub(crate) fn settle(&self, ticket: Ticket, verdict: Option<Verdict>) {
        match verdict {
            Some(Verdict::Success) => self.succeed(ticket),
            Some(Verdict::Failure) => self.fail(ticket),
            verdict => self.settle_at_length(self.published.word(), ticket, verdict),
        }
    }

    /// Ends the call that was admitted with `ticket`, which was a success.
    #[inline(always)]
    pub(crate) fn succeed(&self, ticket: Ticket) {
        let word = self.published.word();
        if word.state() != State::Closed || word.generation() != ticket.generation() {
            self.settle_at_length(word, ticket, Some(Verdict::Success));
        } else if word.has(Flags::JUDGES_SUCCESS) {
            self.succeed_judged(word, ticket);
        } else {
            self.totals.count(Outcome::Success);
        }
    }

    /// Ends the call that was admitted with `ticket`, which was a failure.
    #[inline]
    pub(crate) fn fail(&self, ticket: Ticket) {
        let word = self.published.word();
        if word.state() == State::Closed && word.generation() == ticket.generation() {
            self.fail_judged(word, ticket);
        } else {
            self.settle_at_length(word, ticket, Some(Verdict::Failure));
        }
    }

    #[inline(never)]
    fn fail_judged(&self, word: Word, ticket: Ticket) {
        self.settle_unconditional(word, ticket, Verdict::Failure);
    }

    /// Not part of the caller, so that the short way through stays short there.
    #[inline(never)]
    fn succeed_judged(&self, word: Word, ticket: Ticket) {
        self.settle_unconditional(word, ticket, Verdict::Success);
    }

    /// Goes on from a first glance.
    fn settle_at_length(&self, word: Word, ticket: Ticket, verdict: Option<Verdict>) {
        if word.generation() != ticket.generation() {
            self.totals.count(Outcome::Late);
        } else if self.is_unconditional(word) {
            let dropped = if word.has(Flags::DROPPED_FAILS) { Verdict::Failure } else { Verdict::Ignored };
            self.settle_unconditional(word, ticket, verdict.unwrap_or(dropped));
        } else {
            self.settle_under_the_lock(ticket, verdict);
        }
    }

    /// Ends a call of a state in which the rules are all that can end it.
    #[inline(always)]
    fn settle_unconditional(&self, word: Word, ticket: Ticket, verdict: Verdict) {
        let failed = verdict.is_failure();
        let is_judged = failed || verdict == Verdict::Success && word.has(Flags::JUDGES_SUCCESS);
        if !is_judged || word.state() == State::Disabled {
            if failed {
                self.failed.note(self.clock.now());
            }
            self.totals.count(verdict.outcome());
        } else if word.has(Flags::REPLACED) {
            let rules = self.other_rules.load();
            self.settle_judged(rules.as_deref().unwrap_or(&self.first_rules), word, ticket, verdict);
        } else {
            self.settle_judged(&self.first_rules, word, ticket, verdict);
        }
    }

    #[inline(always)]
    fn settle_judged(&self, rules: &Rules, word: Word, ticket: Ticket, verdict: Verdict) {
        let failed = verdict.is_failure();
        let now = if failed || rules.time_success() { self.clock.now() } else { 0 };
        let call = Call { now, generation: ticket.generation(), failed, took: ticket.took(now) };
        let judged = match rules.record(&call) {
            Ok(Judged::Late) => return self.totals.count(Outcome::Late),
            Ok(judged) => judged,
            Err(Ahead) => return self.settle_under_the_lock(ticket, Some(verdict)),
        };
        if failed {
            self.failed.note(now);
        }
        self.totals.count(verdict.outcome());
        if word.state() != State::Closed {
            return;
        }
        let (generation, wish) = (call.generation, verdict.wish());
        match judged {
            Judged::Reached(cause) => {
                self.step(|Guarded { machine, .. }, now| machine.reached(now, generation, cause, wish));
            }
            Judged::Unsure => {
                self.step_in_time(|Guarded { machine, .. }, now| machine.judge(now, generation, wish));
            }
            Judged::Below | Judged::Late => {}
        }
    }

    fn settle_under_the_lock(&self, ticket: Ticket, verdict: Option<Verdict>) {
        let outcome = self.step_in_time(|Guarded { machine, .. }, now| {
            let outcome = machine.settle(now, ticket.generation(), verdict, ticket.took(now));
            if outcome == Outcome::Failure {
                self.failed.note(now);
            }
            outcome
        });
        self.totals.count(outcome);
    }

    pub(crate) fn state(&self) -> State {
        let word = self.published.word();
        // Neither closed nor open ends by time alone: an open breaker waits for a call that probes.
        if self.is_unconditional(word) || word.state() == State::Open {
            return word.state();
        }
        self.step(|Guarded { machine, .. }, now| {
            machine.advance(now);
            machine.word().state()
        })
    }

    /// The ticket of a call that begins now instead of when it was admitted.
    #[cfg(feature = "tower")]
    pub(crate) fn begun_now(&self, ticket: Ticket) -> Ticket {
        ticket.begun(|| self.clock.now())
    }

    /// Whether a call of this generation would still count; a timer that is due acts first.
    #[cfg(feature = "tower")]
    pub(crate) fn is_current(&self, generation: u64) -> bool {
        self.state();
        self.published.word().generation() == generation
    }

    /// One command given by hand.
    pub(crate) fn command(&self, command: impl FnOnce(&mut Machine, u64)) {
        self.step(|guarded, now| command(&mut guarded.machine, now));
    }

    /// Replaces the settings; `limits` are theirs.
    pub(crate) fn update(&self, settings: BreakerSettings, limits: Limits) {
        self.step_in_time(|Guarded { machine, settings: current, .. }, now| {
            let policy = settings.policy();
            let rules = (policy != current.policy()).then(|| Arc::new(Rules::new(&policy, 0)));
            machine.update(now, limits, rules.clone());
            if rules.is_some() {
                self.other_rules.store(rules);
            }
            *current = settings;
        });
    }

    pub(crate) fn read(&self) -> Reading {
        self.step_in_time(|Guarded { machine, history, last_failure, .. }, now| {
            machine.advance(now);
            // Before the history is read, so that it holds what `advance` has just changed.
            machine.take_changes().for_each(|change| history.record(change, now));
            Reading {
                word: machine.word(),
                left: machine.left(now),
                reason: machine.reason().cloned(),
                failure_count: machine.failure_count(now),
                last_failure: last_failure.show(&self.failed, now),
                transitions: history.to_vec(),
                counts: self.totals.read(),
            }
        })
    }

    /// Whether the breaker is closed without a failure in its window: what may be forgotten.
    pub(crate) fn is_idle(&self) -> bool {
        self.step_in_time(|Guarded { machine, .. }, now| {
            machine.advance(now);
            machine.is_idle(now)
        })
    }

    /// Whether the state lets every call pass, without slots to claim or a timer that could be due.
    fn is_unconditional(&self, word: Word) -> bool {
        match word.state() {
            State::Closed => true,
            // A newer value belongs to a change that is under way: the call is then late, as if it had been
            // admitted just before.
            State::Disabled | State::MetricsOnly => self.published.until() == NEVER,
            State::Open | State::HalfOpen | State::ForcedOpen => false,
        }
    }

    /// Refuses from the published values alone, as long as the period lasts beyond doubt.
    fn refuse_at_a_glance(&self) -> Option<Rejected> {
        // Of one moment: the end of another state's period would be told as this one's.
        let Moment { word, since, until } = self.published.moment()?;
        let reason = match word.state() {
            State::Open => RejectReason::Open,
            State::HalfOpen if word.has(Flags::FULL) => RejectReason::HalfOpenFull,
            State::ForcedOpen => RejectReason::ForcedOpen,
            _ => return None,
        };
        let id = self.identity.id();
        if reason == RejectReason::ForcedOpen && until == NEVER {
            return Some(Rejected::new(id, reason, None));
        }
        let now = self.clock.now();
        let lasts = since <= now && now < until;
        lasts.then(|| Rejected::new(id, reason, Some(until - now)))
    }

    /// One step of the machine, for which the record of calls is not looked at.
    fn step<R>(&self, input: impl FnOnce(&mut Guarded, u64) -> R) -> R {
        self.step_at(|_| self.clock.now(), input)
    }

    /// One step of the machine, with a record of calls that does not lie ahead of the clock.
    fn step_in_time<R>(&self, input: impl FnOnce(&mut Guarded, u64) -> R) -> R {
        let read = || self.clock.now();
        let follow = |machine: &Machine| {
            let now = read();
            if !machine.is_ahead(now) {
                return now;
            }
            machine.follow(&read);
            read()
        };
        self.step_at(follow, input)
    }

    /// Time is read under the lock, so that the machine never sees it run backwards because two threads took their
    /// readings in another order than the lock.
    fn step_at<R>(
        &self,
        read: impl FnOnce(&Machine) -> u64,
        input: impl FnOnce(&mut Guarded, u64) -> R,
    ) -> R {
        let mut guarded = self.lock();
        let now = read(&guarded.machine);
        let answer = input(&mut guarded, now);
        let Guarded { machine, history, .. } = &mut *guarded;
        machine.take_changes().for_each(|change| history.record(change, now));
        self.published.replace(Moment::of(machine));
        drop(guarded);
        self.outbox.announce();
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Circuit {
    fn drop(&mut self) {
        self.outbox.retire();
    }
}
