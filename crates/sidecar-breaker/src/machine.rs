//! The state machine: pure, in its own time, without locks, clocks or user code.

use crate::limits::Limits;
use crate::open_time::Draws;
use crate::rules::{Call, Judged, Rules};
use crate::totals::Outcome;
use crate::transition::{Cause, Change};
use crate::word::{Flags, Word};
use crate::{Dropped, RejectReason, State, Verdict};
use std::sync::Arc;

/// The deadline of what has none.
pub(crate) const NEVER: u64 = u64::MAX;

/// A breaker's state and everything that can change it. `now` is in nanoseconds of a monotonic clock.
///
/// What closed calls have done is recorded in [`Rules`] by the threads that made them; the machine is told
/// when that opens, and tells the rules which generation they record for.
///
/// Timers are judged when the next input arrives, and take effect as of the time they were due: a round
/// that ran out an hour ago has left the breaker open an hour ago, so the next call probes.
///
/// Every change of state, and every reset, starts a new generation, which makes all permits given before
/// late. Slots of a half-open round live and die with its generation, so none can be lost.
///
/// A machine that is switched off shows [`State::Disabled`] without an end. Commands change what comes back; timers
/// wait, and act when it is on again.
#[derive(Debug)]
pub(crate) struct Machine {
    limits: Limits,
    rules: Arc<Rules>,
    /// The rules are no longer those that the breaker was built with.
    replaced: bool,
    state: State,
    /// Lets every call pass and judges none, as if disabled. The fields below go on being those of `state`, which comes
    /// back when it is on again.
    off: bool,
    generation: u64,
    /// When the state was entered or renewed.
    since: u64,
    /// Open: until a call may probe. Half-open: the lease. Held: the time to live.
    ///
    /// Kept as a length, because a deadline at the end of the clock could not be told from none.
    period: Option<u64>,
    in_flight: u32,
    successes: u32,
    /// Openings since the last recovery, without the first.
    reopenings: u32,
    /// How long the dependency wished to be left alone when the breaker opened.
    wish: u64,
    draws: Draws,
    reason: Option<Arc<str>>,
    /// INVARIANT: one input makes at most two changes, that of a timer that was due and its own.
    changes: [Option<Change>; 2],
}

/// A refused admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: RejectReason,
    /// Nanoseconds until it is worth trying again, if that can be known.
    pub(crate) retry_after: Option<u64>,
}

impl Machine {
    pub(crate) fn new(limits: Limits, rules: Arc<Rules>, seed: u64) -> Self {
        Self {
            limits,
            rules,
            replaced: false,
            state: State::Closed,
            off: false,
            generation: 0,
            since: 0,
            period: None,
            in_flight: 0,
            successes: 0,
            reopenings: 0,
            wish: 0,
            draws: Draws::seeded(seed),
            reason: None,
            changes: [None, None],
        }
    }

    pub(crate) fn word(&self) -> Word {
        let state = self.shown();
        let full = state == State::HalfOpen && self.in_flight >= self.limits.half_open_max_calls;
        let flags = Flags::FULL.when(full)
            | Flags::JUDGES_SUCCESS.when(self.rules.judge_success())
            // Where nothing is judged, nobody needs to know how long calls take.
            | Flags::TIMED.when(self.rules.are_timed() && state != State::Disabled)
            | Flags::DROPPED_FAILS.when(self.limits.dropped == Dropped::Failure)
            | Flags::REPLACED.when(self.replaced);
        Word::new(self.generation, state, flags)
    }

    /// What calls meet.
    fn shown(&self) -> State {
        if self.off { State::Disabled } else { self.state }
    }

    pub(crate) fn since(&self) -> u64 {
        self.since
    }

    /// When the period ends; [`NEVER`] without one.
    pub(crate) fn until(&self) -> u64 {
        self.running().map_or(NEVER, |period| self.since.saturating_add(period))
    }

    /// What is left of the period.
    pub(crate) fn left(&self, now: u64) -> Option<u64> {
        self.running().map(|period| period.saturating_sub(now.saturating_sub(self.since)))
    }

    /// The period, if its end would do anything.
    fn running(&self) -> Option<u64> {
        self.period.filter(|_| !self.off)
    }

    pub(crate) fn reason(&self) -> Option<&Arc<str>> {
        self.reason.as_ref().filter(|_| !self.off)
    }

    /// Whether there is nothing that would be missed.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        self.state == State::Closed && self.failure_count(now) == 0
    }

    pub(crate) fn failure_count(&self, now: u64) -> u64 {
        self.rules.failures(now, self.generation)
    }

    /// The changes since the last call, in order.
    pub(crate) fn take_changes(&mut self) -> impl Iterator<Item = Change> + use<> {
        std::mem::take(&mut self.changes).into_iter().flatten()
    }

    /// Whether the record of calls lies ahead of this reading of the clock.
    pub(crate) fn is_ahead(&self, now: u64) -> bool {
        self.rules.hold_ahead(now)
    }

    /// Has the record of calls follow a clock that has stepped back. `read` reads it.
    pub(crate) fn follow(&self, read: &dyn Fn() -> u64) {
        self.rules.follow(read, self.generation);
    }

    /// Lets timers act that are due.
    pub(crate) fn advance(&mut self, now: u64) {
        // A clock that steps back must not lengthen a period, so the period moves along.
        self.since = self.since.min(now);
        if self.left(now) != Some(0) {
            return;
        }
        let due = self.until();
        match self.state {
            State::HalfOpen => self.reopen(due, Cause::ProbeTimeout, 0),
            State::ForcedOpen | State::Disabled | State::MetricsOnly => {
                self.enter(State::Closed, due, None, Cause::HoldEnded, None);
            }
            State::Closed | State::Open => {}
        }
    }

    /// A call asks to pass.
    pub(crate) fn admit(&mut self, now: u64) -> Result<(), Refusal> {
        self.advance(now);
        let left = self.left(now);
        let reason = match self.shown() {
            State::Closed | State::Disabled | State::MetricsOnly => return Ok(()),
            State::Open if left == Some(0) => {
                let lease = self.limits.probe_timeout;
                self.enter(State::HalfOpen, now, Some(lease), Cause::TimeoutElapsed, None);
                self.in_flight = 1;
                return Ok(());
            }
            State::HalfOpen if self.in_flight < self.limits.half_open_max_calls => {
                self.in_flight += 1;
                return Ok(());
            }
            State::Open => RejectReason::Open,
            State::HalfOpen => RejectReason::HalfOpenFull,
            State::ForcedOpen => RejectReason::ForcedOpen,
        };
        Err(Refusal { reason, retry_after: left })
    }

    /// A call that was admitted in `generation` and took so long ends; `None` is a call without a verdict.
    pub(crate) fn settle(
        &mut self,
        now: u64,
        generation: u64,
        verdict: Option<Verdict>,
        took: u64,
    ) -> Outcome {
        self.advance(now);
        if generation != self.generation {
            return Outcome::Late;
        }
        let verdict = verdict.unwrap_or_else(|| self.limits.dropped.into());
        match self.shown() {
            State::HalfOpen => self.settle_probe(now, verdict, took),
            State::Closed | State::MetricsOnly if verdict != Verdict::Ignored => {
                if let Judged::Reached(cause) = self.record(now, verdict, took) {
                    self.reached(now, generation, cause, verdict.wish());
                }
            }
            _ => {}
        }
        verdict.outcome()
    }

    /// What calls of `generation` have done reaches what opens.
    pub(crate) fn reached(&mut self, now: u64, generation: u64, cause: Cause, wish: u64) {
        self.advance(now);
        if generation == self.generation && self.shown() == State::Closed {
            self.open(now, cause, wish);
        }
    }

    /// The record of `generation` is to be judged once more.
    pub(crate) fn judge(&mut self, now: u64, generation: u64, wish: u64) {
        if let Judged::Reached(cause) = self.rules.judge(now) {
            self.reached(now, generation, cause, wish);
        }
    }

    fn record(&self, now: u64, verdict: Verdict, took: u64) -> Judged {
        let failed = verdict.is_failure();
        self.rules.record_fresh(&Call { now, generation: self.generation, failed, took })
    }

    fn settle_probe(&mut self, now: u64, verdict: Verdict, took: u64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if verdict == Verdict::Ignored {
            return;
        }
        if verdict.is_failure() {
            self.record(now, verdict, took);
        }
        if verdict.is_failure() || self.rules.are_too_slow(took) {
            self.reopen(now, Cause::ProbeFailed, verdict.wish());
            return;
        }
        self.successes += 1;
        if self.successes >= self.limits.success_threshold {
            self.enter(State::Closed, now, None, Cause::ProbesSucceeded, None);
        }
    }

    /// Other settings from now on. The state, its generation and what is in flight stay; a timer that runs
    /// is measured by the new settings from when it began.
    pub(crate) fn update(&mut self, now: u64, limits: Limits, rules: Option<Arc<Rules>>) {
        self.advance(now);
        let old = std::mem::replace(&mut self.limits, limits);
        if let Some(rules) = rules {
            rules.begin(self.generation, true);
            rules.take_over(&self.rules, now, self.generation);
            self.rules = rules;
            self.replaced = true;
        }
        if self.state == State::Open && old.open_time != limits.open_time {
            self.period = Some(self.open_time(self.wish));
        }
        if self.state == State::HalfOpen {
            self.period = Some(limits.probe_timeout);
        }
        self.advance(now);
    }

    /// By hand: open now, recover as usual. An open breaker starts its timeout again.
    pub(crate) fn trip(&mut self, now: u64) {
        self.advance(now);
        if self.state == State::Open {
            self.since = now;
            // What the dependency wished for belongs to the opening that this one takes the place of.
            self.wish = 0;
            self.period = Some(self.open_time(self.wish));
        } else {
            self.open(now, Cause::ByHand, 0);
        }
    }

    /// By hand: closed with an empty window, whatever the state was.
    pub(crate) fn reset(&mut self, now: u64) {
        self.advance(now);
        self.enter(State::Closed, now, None, Cause::ByHand, None);
    }

    /// By hand: stays in `state`. In that state already, only the time to live and the reason change.
    pub(crate) fn hold(&mut self, now: u64, state: State, ttl: Option<u64>, reason: Option<Arc<str>>) {
        self.advance(now);
        if self.state == state {
            self.since = now;
            self.period = ttl;
            self.reason = reason;
        } else {
            self.enter(state, now, ttl, Cause::ByHand, reason);
        }
    }

    /// Switched off, or on again: then the state comes back in which it was or was set meanwhile, with an empty window.
    /// An open time or a time to live goes on while it is off, a half-open round starts anew.
    pub(crate) fn switch(&mut self, now: u64, on: bool) {
        self.advance(now);
        if self.off != on {
            return;
        }
        let from = self.shown();
        self.off = !on;
        self.generation += 1;
        self.in_flight = 0;
        self.successes = 0;
        if self.state == State::HalfOpen {
            self.since = now;
        }
        self.rules.begin(self.generation, self.state == State::Closed);
        self.note(from, now, Cause::Switched, self.reason().cloned());
        self.advance(now);
    }

    fn open(&mut self, at: u64, cause: Cause, wish: u64) {
        self.wish = wish;
        let period = self.open_time(wish);
        self.enter(State::Open, at, Some(period), cause, None);
    }

    /// Opens again, without a recovery in between.
    fn reopen(&mut self, at: u64, cause: Cause, wish: u64) {
        self.reopenings = self.reopenings.saturating_add(1);
        self.open(at, cause, wish);
    }

    fn open_time(&mut self, wish: u64) -> u64 {
        let draw = if self.limits.open_time.jitter > 0.0 { self.draws.draw() } else { 0.0 };
        self.limits.open_time.after(self.reopenings, draw, wish)
    }

    fn enter(&mut self, to: State, at: u64, period: Option<u64>, cause: Cause, reason: Option<Arc<str>>) {
        let from = self.shown();
        self.generation += 1;
        self.state = to;
        self.since = at;
        self.period = period;
        self.in_flight = 0;
        self.successes = 0;
        self.reason = reason.clone();
        if to == State::Closed {
            self.reopenings = 0;
        }
        self.rules.begin(self.generation, to == State::Closed);
        self.note(from, at, cause, reason);
    }

    fn note(&mut self, from: State, at: u64, cause: Cause, reason: Option<Arc<str>>) {
        let to = self.shown();
        if from != to {
            let free = self.changes.iter_mut().find(|slot| slot.is_none());
            debug_assert!(free.is_some(), "an input makes at most two changes");
            if let Some(slot) = free {
                *slot = Some(Change { from, to, cause, at, reason });
            }
        }
    }
}
