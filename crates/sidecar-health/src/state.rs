//! What is known about one component, and how it reads at a given time. Pure: time is an argument.

use std::sync::Arc;
use std::time::SystemTime;

use crate::evidence::{Evidence, Moment};
use crate::hysteresis::{Hysteresis, Standing, Thresholds};
use crate::outcome::CheckOutcome;
use crate::status::{Cause, Status};

/// The results so far, as far as they matter.
#[derive(Clone, Debug)]
pub(crate) struct State {
    hysteresis: Hysteresis,
    /// When the last success came in, on the monotonic clock, and what it said.
    success: Option<(u64, Arc<CheckOutcome>)>,
    /// What the last failure was; a lapsed lease has nothing to say beyond its cause.
    failure: Option<(Cause, Option<Arc<CheckOutcome>>)>,
    last_check: Option<SystemTime>,
    runs: u64,
    ever_up: bool,
    /// The verdict from before it was suppressed, until there is another one.
    held: Option<Status>,
}

/// How a component reads at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub(crate) status: Status,
    pub(crate) cause: Option<Cause>,
    pub(crate) detail: Option<Arc<CheckOutcome>>,
}

impl Judgement {
    /// That of a component which nothing judges.
    pub(crate) const DISABLED: Self =
        Self { status: Status::Unknown, cause: Some(Cause::Disabled), detail: None };

    /// That of a component which is not checked while something that it depends on fails.
    pub(crate) const DEPENDENCY: Self =
        Self { status: Status::Unknown, cause: Some(Cause::Dependency), detail: None };
}

impl State {
    pub(crate) const NEW: Self = Self {
        hysteresis: Hysteresis::NEW,
        success: None,
        failure: None,
        last_check: None,
        runs: 0,
        ever_up: false,
        held: None,
    };

    /// Takes one more result into account.
    pub(crate) fn record(&mut self, at: Moment, evidence: Evidence, thresholds: Thresholds, max_age: u64) {
        // A lease that ran out turned the component over, so coming back takes as many successes as
        // after any other failure.
        if self.lapsed(at.now, max_age) {
            self.hysteresis = Hysteresis::FAILING;
            self.failure = Some((Cause::Stale, None));
        }
        let passed = evidence.passed();
        self.hysteresis = self.hysteresis.step(passed, thresholds);
        self.ever_up |= self.hysteresis.standing == Standing::Passing;
        if self.hysteresis.standing != Standing::Unknown {
            self.held = None;
        }
        if evidence.of_a_run {
            self.last_check = Some(at.wall);
            self.runs += 1;
        }
        let outcome = Arc::new(evidence.outcome);
        if passed {
            self.success = Some((at.now, outcome));
        } else {
            self.failure = Some((evidence.cause, Some(outcome)));
        }
    }

    /// From now on there is no evidence, through no fault of the component's.
    pub(crate) fn suppress(&mut self, now: u64, max_age: u64) {
        let status = self.judge(now, max_age).status;
        if status != Status::Unknown {
            self.held = Some(status);
        }
    }

    /// Evidence is to come again. A lease that ran out meanwhile says nothing about the component.
    pub(crate) fn resume(&mut self, now: u64, max_age: u64) {
        if self.lapsed(now, max_age) {
            self.hysteresis = Hysteresis::NEW;
            self.failure = None;
        } else if self.hysteresis.standing != Standing::Unknown {
            self.held = None;
        }
    }

    /// The verdict of old that counts while there is no other.
    pub(crate) fn held(&self) -> Option<Status> {
        self.held
    }

    /// Replaces what the last failure says, when the run that was counted as missing turns up late.
    pub(crate) fn amend(&mut self, evidence: Evidence) {
        self.failure = Some((evidence.cause, Some(Arc::new(evidence.outcome))));
    }

    /// How the component reads at `now`: green only on the strength of a success younger than `max_age`.
    pub(crate) fn judge(&self, now: u64, max_age: u64) -> Judgement {
        let failure = || self.failure.clone().map_or((None, None), |(cause, detail)| (Some(cause), detail));
        match (self.hysteresis.standing, &self.success) {
            (Standing::Passing, Some((_, outcome))) if self.lease_holds(now, max_age) => Judgement {
                status: outcome.status(),
                cause: (outcome.status() == Status::Degraded).then_some(Cause::Degraded),
                detail: Some(Arc::clone(outcome)),
            },
            (Standing::Passing, _) => {
                Judgement { status: Status::Unhealthy, cause: Some(Cause::Stale), detail: None }
            }
            (Standing::Failing, _) => {
                let (cause, detail) = failure();
                Judgement { status: Status::Unhealthy, cause, detail }
            }
            (Standing::Unknown, _) => {
                Judgement { status: Status::Unknown, cause: Some(Cause::Pending), detail: failure().1 }
            }
        }
    }

    pub(crate) fn last_check(&self) -> Option<SystemTime> {
        self.last_check
    }

    pub(crate) fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether the component has ever been healthy or degraded.
    pub(crate) fn ever_up(&self) -> bool {
        self.ever_up
    }

    /// Whether nothing speaks against it but the age of its last success.
    pub(crate) fn lapsed(&self, now: u64, max_age: u64) -> bool {
        self.hysteresis.standing == Standing::Passing && !self.lease_holds(now, max_age)
    }

    /// A success may lie slightly ahead, as a reader takes the time before it takes the state. One that lies
    /// further ahead than the lease is long was dated by a clock that has stepped back, and proves nothing.
    fn lease_holds(&self, now: u64, max_age: u64) -> bool {
        self.success.as_ref().is_some_and(|(at, _)| now.abs_diff(*at) < max_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX_AGE: u64 = 100;

    fn record(state: &mut State, now: u64, result: Result<CheckOutcome, String>, thresholds: Thresholds) {
        let at = Moment { now, wall: SystemTime::UNIX_EPOCH };
        state.record(at, Evidence::answered(result), thresholds, MAX_AGE);
    }

    #[test]
    fn a_success_vouches_until_it_is_as_old_as_its_lease() {
        let mut state = State::NEW;
        record(&mut state, 1_000, Ok(CheckOutcome::healthy()), Thresholds::IMMEDIATE);
        assert_eq!(state.judge(1_099, MAX_AGE).status, Status::Healthy);
        let lapsed = state.judge(1_100, MAX_AGE);
        assert_eq!((lapsed.status, lapsed.cause), (Status::Unhealthy, Some(Cause::Stale)));
    }

    #[test]
    fn a_lapsed_lease_takes_the_success_threshold_to_come_back() {
        let thresholds = Thresholds { failure: 3, success: 2 };
        let mut state = State::NEW;
        for now in [0, 1] {
            record(&mut state, now, Ok(CheckOutcome::healthy()), thresholds);
        }
        record(&mut state, 500, Ok(CheckOutcome::healthy()), thresholds);
        let still = state.judge(500, MAX_AGE);
        assert_eq!((still.status, still.cause), (Status::Unhealthy, Some(Cause::Stale)));
        record(&mut state, 501, Ok(CheckOutcome::healthy()), thresholds);
        assert_eq!(state.judge(501, MAX_AGE).status, Status::Healthy);
    }

    #[test]
    fn a_failure_below_the_threshold_neither_shows_nor_renews_the_lease() {
        let thresholds = Thresholds { failure: 3, success: 1 };
        let mut state = State::NEW;
        record(&mut state, 0, Ok(CheckOutcome::degraded("slow")), thresholds);
        record(&mut state, 50, Err("boom".to_owned()), thresholds);
        assert_eq!(state.judge(99, MAX_AGE).status, Status::Degraded);
        assert_eq!(state.judge(100, MAX_AGE).cause, Some(Cause::Stale));
    }

    #[test]
    fn a_success_from_the_future_does_not_vouch_until_then() {
        let mut state = State::NEW;
        record(&mut state, 1_000, Ok(CheckOutcome::healthy()), Thresholds::IMMEDIATE);
        assert_eq!(state.judge(901, MAX_AGE).status, Status::Healthy, "a reader may be a little behind");
        let stepped = state.judge(900, MAX_AGE);
        assert_eq!((stepped.status, stepped.cause), (Status::Unhealthy, Some(Cause::Stale)));
    }

    #[derive(Clone, Copy, Debug)]
    enum Move {
        /// Backwards when negative.
        Wait(i64),
        Result(bool),
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let one = prop_oneof![(-150..150_i64).prop_map(Move::Wait), any::<bool>().prop_map(Move::Result)];
        prop::collection::vec(one, 0..60)
    }

    proptest! {
        /// Whatever happens, wherever the clock jumps and whenever it is read: green means a success inside
        /// the lease, and no run of failures as long as the threshold since.
        #[test]
        fn green_is_proof(moves in moves(), failure in 1..4_u32, success in 1..4_u32) {
            let thresholds = Thresholds { failure, success };
            let (mut state, mut now) = (State::NEW, 1_000_u64);
            let (mut last_success, mut failures) = (None::<u64>, 0);
            for each in moves {
                match each {
                    Move::Wait(time) => now = now.saturating_add_signed(time),
                    Move::Result(true) => {
                        record(&mut state, now, Ok(CheckOutcome::healthy()), thresholds);
                        (last_success, failures) = (Some(now), 0);
                    }
                    Move::Result(false) => {
                        record(&mut state, now, Ok(CheckOutcome::unhealthy("no")), thresholds);
                        failures += 1;
                        // A lapse that a result has found stays one, even if the clock goes back into the lease.
                        last_success = last_success.filter(|at| now.abs_diff(*at) < MAX_AGE);
                    }
                }
                let judged = state.judge(now, MAX_AGE);
                let proven = last_success.is_some_and(|at| now.abs_diff(at) < MAX_AGE) && failures < failure;
                prop_assert!(!judged.status.is_up() || proven, "{judged:?} at {now}");
                prop_assert_eq!(judged.cause.is_none(), judged.status == Status::Healthy);
                // With a success threshold of one the proof is also enough.
                prop_assert!(success > 1 || !proven || judged.status.is_up(), "{:?} at {}", judged, now);
            }
        }
    }
}
