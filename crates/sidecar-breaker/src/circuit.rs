//! The machine under its lock, and the readings that need no lock.

use crate::identity::Identity;
use crate::machine::{Machine, NEVER, Settled};
use crate::settings::Limits;
use crate::totals::{Counts, Totals};
use crate::transition::{History, Transition};
use crate::word::Word;
use crate::{BreakerSettings, RejectReason, Rejected, State, Verdict};
use sidecar_core::Clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What all handles of one breaker share.
///
/// The lock is held for one step of the machine and never over user code. `word`, `since` and `until`
/// are copies of the machine's, written under the lock only. What is decided from them alone:
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
    word: AtomicU64,
    since: AtomicU64,
    until: AtomicU64,
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
            word: AtomicU64::new(machine.word().0),
            since: AtomicU64::new(machine.since()),
            until: AtomicU64::new(machine.until()),
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
        let word = self.read_word();
        if self.is_unconditional(word) {
            return Ok(word);
        }
        let refused = match self.refuse_at_a_glance(word.state()) {
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
        let word = self.read_word();
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
        let word = self.read_word();
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

    fn read_word(&self) -> Word {
        // Acquire pairs with the release in `publish`: `since` and `until` are then at least as new.
        Word(self.word.load(Ordering::Acquire))
    }

    /// Whether the state lets every call pass, without slots to claim or a timer that could be due.
    fn is_unconditional(&self, word: Word) -> bool {
        match word.state() {
            State::Closed => true,
            // Relaxed: the acquire of `read_word` has brought the value that belongs to `word`, or a newer.
            State::Disabled | State::MetricsOnly => self.until.load(Ordering::Relaxed) == NEVER,
            State::Open | State::HalfOpen | State::ForcedOpen => false,
        }
    }

    /// Refuses from the copies alone, as long as the period lasts beyond doubt.
    fn refuse_at_a_glance(&self, state: State) -> Option<Rejected> {
        let reason = match state {
            State::Open => RejectReason::Open,
            State::ForcedOpen => RejectReason::ForcedOpen,
            _ => return None,
        };
        // Relaxed: as in `is_unconditional`. A newer value belongs to a change that is under way, and the
        // call is then refused as if it had come on the other side of it.
        let until = self.until.load(Ordering::Relaxed);
        let id = self.identity.id();
        if state == State::ForcedOpen && until == NEVER {
            return Some(Rejected::new(id, reason, None));
        }
        let now = self.clock.now();
        let lasts = self.since.load(Ordering::Relaxed) <= now && now < until;
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
        self.publish(machine);
        answer
    }

    fn publish(&self, machine: &Machine) {
        self.since.store(machine.since(), Ordering::Relaxed);
        self.until.store(machine.until(), Ordering::Relaxed);
        // Release pairs with the acquire in `read_word`.
        self.word.store(machine.word().0, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
