//! The machine under its lock, and the readings that need no lock.

use crate::identity::Identity;
use crate::machine::{Machine, NEVER, Settled};
use crate::published::{Moment, Published};
use crate::settings::Limits;
use crate::totals::{Counts, Totals};
use crate::transition::{History, Transition};
use crate::word::Word;
use crate::{BreakerSettings, RejectReason, Rejected, State, Verdict};
use sidecar_core::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What all handles of one breaker share.
///
/// The lock is held for one step of the machine and never over user code. What is decided from the
/// published values alone, without it:
///
/// - an admission while the state has neither slots nor a timer: such a call may run at any time of its
///   generation, and if the state changes meanwhile it is late, as if it had been admitted just before;
/// - a refusal while the period lasts: at worst it is one moment out of date;
/// - a success or an ignored call in such a state, which changes only totals;
/// - a late result: generations only grow, so what differs once differs for ever.
#[derive(Debug)]
pub(crate) struct Circuit {
    identity: Identity,
    given: BreakerSettings,
    clock: Clock,
    published: Published,
    guarded: Mutex<Guarded>,
    totals: Totals,
}

#[derive(Debug)]
struct Guarded {
    machine: Machine,
    history: History,
    last_failure: Option<SystemTime>,
}

/// Everything a snapshot shows, read in one step; the totals one by one.
pub(crate) struct Reading {
    pub(crate) word: Word,
    pub(crate) left: Option<u64>,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) failure_count: u64,
    pub(crate) last_failure: Option<SystemTime>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) counts: Counts,
}

impl Circuit {
    pub(crate) fn new(identity: Identity, given: BreakerSettings, limits: Limits, clock: Clock) -> Self {
        let machine = Machine::new(limits);
        Self {
            identity,
            given,
            clock,
            published: Published::new(Moment::of(&machine)),
            guarded: Mutex::new(Guarded { machine, history: History::default(), last_failure: None }),
            totals: Totals::default(),
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The settings as they were given when the breaker was built.
    pub(crate) fn given(&self) -> &BreakerSettings {
        &self.given
    }

    /// Admits or refuses one call; a refusal is counted.
    pub(crate) fn admit(&self) -> Result<Word, Rejected> {
        let word = self.published.word();
        if self.is_unconditional(word) {
            return Ok(word);
        }
        let refused = match self.refuse_at_a_glance() {
            Some(rejected) => rejected,
            None => {
                match self.step(|guarded, now| guarded.machine.admit(now).map(|()| guarded.machine.word())) {
                    Ok(word) => return Ok(word),
                    Err(refusal) => Rejected::new(self.identity.id(), refusal.reason, refusal.retry_after),
                }
            }
        };
        self.totals.rejected();
        Err(refused)
    }

    /// Ends the call that was admitted with `ticket`; `None` is a call without a verdict.
    pub(crate) fn settle(&self, ticket: Word, verdict: Option<Verdict>) {
        let word = self.published.word();
        if ticket != word {
            self.totals.settled(Settled::Late);
            return;
        }
        if let Some(verdict @ (Verdict::Success | Verdict::Ignored)) = verdict
            && self.is_unconditional(word)
        {
            self.totals.settled(Settled::Counted(verdict));
            return;
        }
        self.step(|guarded, now| {
            let settled = guarded.machine.settle(now, ticket.generation(), verdict);
            if settled == Settled::Counted(Verdict::Failure) {
                guarded.last_failure = Some(SystemTime::now());
            }
            self.totals.settled(settled);
        });
    }

    pub(crate) fn state(&self) -> State {
        let word = self.published.word();
        // Neither closed nor open ends by time alone: an open breaker waits for a call that probes.
        if self.is_unconditional(word) || word.state() == State::Open {
            return word.state();
        }
        self.step(|guarded, now| {
            guarded.machine.advance(now);
            guarded.machine.word().state()
        })
    }

    /// One command given by hand.
    pub(crate) fn command(&self, command: impl FnOnce(&mut Machine, u64)) {
        self.step(|guarded, now| command(&mut guarded.machine, now));
    }

    pub(crate) fn read(&self) -> Reading {
        self.step(|guarded, now| {
            let Guarded { machine, history, last_failure } = guarded;
            machine.advance(now);
            // Before the history is read, so that it holds what `advance` has just changed.
            machine.take_changes().for_each(|change| history.record(change, now));
            Reading {
                word: machine.word(),
                left: machine.left(now),
                reason: machine.reason().cloned(),
                failure_count: machine.failure_count(now),
                last_failure: *last_failure,
                transitions: history.to_vec(),
                counts: self.totals.read(),
            }
        })
    }

    /// Whether the breaker is closed without a failure in its window: what may be forgotten.
    pub(crate) fn is_idle(&self) -> bool {
        self.step(|Guarded { machine, .. }, now| {
            machine.advance(now);
            machine.word().state() == State::Closed && machine.failure_count(now) == 0
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

    fn step<R>(&self, input: impl FnOnce(&mut Guarded, u64) -> R) -> R {
        let mut guarded = self.lock();
        // Read under the lock, so that the machine never sees time run backwards because two threads
        // took their readings in another order than the lock.
        let now = self.clock.now();
        let answer = input(&mut guarded, now);
        let Guarded { machine, history, .. } = &mut *guarded;
        machine.take_changes().for_each(|change| history.record(change, now));
        self.published.replace(Moment::of(machine));
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
