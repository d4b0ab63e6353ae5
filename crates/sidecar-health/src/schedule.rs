//! When a check runs, and when its silence counts against it. Pure: time and chance are arguments.

/// A check's settings in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) interval: u64,
    pub(crate) timeout: u64,
    /// At most this much is taken off an interval.
    pub(crate) jitter: u64,
}

impl Timing {
    /// From one start to the next: `interval`, less a share of the jitter that `draw` decides. Jitter only
    /// shortens, so no lease of `interval + timeout` runs out between two prompt successes.
    pub(crate) fn gap(&self, draw: u64) -> u64 {
        let cut = (u128::from(self.jitter) * u128::from(draw)) >> u64::BITS;
        self.interval - u64::try_from(cut).unwrap_or(self.jitter).min(self.interval)
    }
}

/// Whether the time `due` has come. One that lies further ahead than this clock can have set it is left over
/// from before the clock stepped back, and has come too. Twice the interval leaves room for a `now` that was
/// read a little before what set `due`.
pub(crate) fn is_due(now: u64, due: u64, interval: u64) -> bool {
    now >= due || due - now > interval.saturating_mul(2)
}

/// Where a check is between two runs or in one. There is no state with two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    Waiting {
        due: u64,
    },
    Running {
        started: u64,
        /// When the next run begins, if this one ends before.
        next: u64,
        /// When the missing answer counts as a failure, the next time.
        strike: u64,
        strikes: u32,
    },
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    Start,
    /// The run is over its timeout, found out for the first time or once more.
    Strike {
        elapsed: u64,
        first: bool,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finish {
    pub(crate) elapsed: u64,
    /// Not within its timeout.
    pub(crate) late: bool,
    /// The run was struck, and has counted as a failure. It need not be late all the same: an answer may
    /// have come in time and only then have waited for the strike to be written down.
    pub(crate) counted: bool,
}

impl Schedule {
    /// What is to be done at `now`; starting or striking moves the schedule on. Nothing starts that may not.
    pub(crate) fn poll(&mut self, now: u64, timing: Timing, draw: u64, may_start: bool) -> Action {
        self.pull_in(now, timing);
        match self {
            Self::Waiting { due } if may_start && is_due(now, *due, timing.interval) => {
                *self = Self::Running {
                    started: now,
                    next: now.saturating_add(timing.gap(draw)),
                    strike: now.saturating_add(timing.timeout),
                    strikes: 0,
                };
                Action::Start
            }
            Self::Running { started, strike, strikes, .. } if now >= *strike => {
                *strike = now.saturating_add(timing.interval);
                *strikes = strikes.saturating_add(1);
                Action::Strike { elapsed: now.saturating_sub(*started), first: *strikes == 1 }
            }
            _ => Action::Nothing,
        }
    }

    /// Brings the times of a run within the reach that they have by the rules, after a clock that stepped back
    /// put them out of it.
    fn pull_in(&mut self, now: u64, timing: Timing) {
        if let Self::Running { started, next, strike, .. } = self {
            *started = now.min(*started);
            *next = now.saturating_add(timing.interval).min(*next);
            *strike = now.saturating_add(timing.interval.max(timing.timeout)).min(*strike);
        }
    }

    /// The run has returned. One that overran its interval is followed by a whole one, so that a slow
    /// resource is not checked without pause.
    pub(crate) fn finish(&mut self, now: u64, timing: Timing, draw: u64) -> Option<Finish> {
        let Self::Running { started, next, strikes, .. } = *self else { return None };
        let due = if now < next { next } else { now.saturating_add(timing.gap(draw)) };
        *self = Self::Waiting { due };
        let elapsed = now.saturating_sub(started);
        Some(Finish { elapsed, late: elapsed >= timing.timeout, counted: strikes > 0 })
    }

    /// When to look again, seen from `now`.
    pub(crate) fn wake(&self, now: u64) -> u64 {
        match *self {
            Self::Waiting { due } => due,
            // The run may be over by the time the next one should begin.
            Self::Running { next, strike, .. } if next > now => next.min(strike),
            Self::Running { strike, .. } => strike,
        }
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014; constants from Vigna's public-domain `splitmix64.c`): plenty for
/// spreading checks, and no dependency.
#[derive(Debug)]
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIMING: Timing = Timing { interval: 100, timeout: 30, jitter: 0 };

    #[test]
    fn a_prompt_run_keeps_the_cadence_from_start_to_start() {
        let mut schedule = Schedule::Waiting { due: 0 };
        assert_eq!(schedule.poll(5, TIMING, 0, true), Action::Start);
        assert_eq!(schedule.wake(5), 35);
        assert_eq!(schedule.poll(34, TIMING, 0, true), Action::Nothing);
        let finish = schedule.finish(34, TIMING, 0).expect("it ran");
        assert_eq!(finish, Finish { elapsed: 29, late: false, counted: false });
        assert_eq!(schedule, Schedule::Waiting { due: 105 });
    }

    #[test]
    fn a_hung_run_strikes_once_per_interval_and_is_never_started_again() {
        let mut schedule = Schedule::Waiting { due: 0 };
        assert_eq!(schedule.poll(0, TIMING, 0, true), Action::Start);
        let mut strikes = Vec::new();
        for now in 1..=1_000 {
            match schedule.poll(now, TIMING, 0, true) {
                Action::Strike { elapsed, first } => strikes.push((elapsed, first)),
                action => assert_eq!(action, Action::Nothing),
            }
        }
        assert_eq!(strikes.len(), 10);
        assert_eq!(strikes[..3], [(30, true), (130, false), (230, false)]);
        let finish = schedule.finish(1_001, TIMING, 0).expect("it ran");
        assert!(finish.late && finish.counted);
        assert_eq!(schedule, Schedule::Waiting { due: 1_101 });
    }

    #[test]
    fn a_late_answer_that_nobody_noticed_is_late_all_the_same() {
        let mut schedule = Schedule::Waiting { due: 0 };
        schedule.poll(0, TIMING, 0, true);
        let finish = schedule.finish(30, TIMING, 0).expect("it ran");
        assert_eq!(finish, Finish { elapsed: 30, late: true, counted: false });
    }

    #[test]
    fn an_answer_in_time_is_not_late_even_if_the_strike_was_quicker() {
        let mut schedule = Schedule::Waiting { due: 0 };
        schedule.poll(0, TIMING, 0, true);
        assert_eq!(schedule.poll(30, TIMING, 0, true), Action::Strike { elapsed: 30, first: true });
        let finish = schedule.finish(29, TIMING, 0).expect("it ran");
        assert_eq!(finish, Finish { elapsed: 29, late: false, counted: true });
    }

    #[test]
    fn a_due_time_that_no_clock_running_forward_can_have_set_has_come() {
        let mut near = Schedule::Waiting { due: 1_200 };
        assert_eq!(near.poll(1_000, TIMING, 0, true), Action::Nothing);
        let mut far = Schedule::Waiting { due: 1_201 };
        assert_eq!(far.poll(1_000, TIMING, 0, true), Action::Start);
    }

    #[test]
    fn a_stalled_scheduler_does_not_catch_up_on_missed_runs() {
        let mut schedule = Schedule::Waiting { due: 0 };
        assert_eq!(schedule.poll(10_000, TIMING, 0, true), Action::Start);
        schedule.finish(10_001, TIMING, 0);
        assert_eq!(schedule, Schedule::Waiting { due: 10_100 });
    }

    #[test]
    fn a_result_without_a_run_is_nothing() {
        assert_eq!(Schedule::Waiting { due: 0 }.finish(1, TIMING, 0), None);
    }

    proptest! {
        #[test]
        fn jitter_only_shortens(interval in 1..=u64::MAX, share in 0.0..=0.5, draw in any::<u64>()) {
            let jitter = (interval as f64 * share) as u64;
            let gap = Timing { interval, timeout: 1, jitter }.gap(draw);
            prop_assert!(gap <= interval && gap >= interval - jitter);
        }
    }

    proptest! {
        /// What makes `interval + timeout` the shortest lease that is allowed.
        #[test]
        fn prompt_answers_are_less_than_interval_and_timeout_apart(
            interval in 1..1_000_u64,
            timeout in 1..1_000_u64,
            share in 0.0..=0.5,
            runs in prop::collection::vec((any::<u64>(), any::<u64>()), 2..50),
        ) {
            let timing = Timing { interval, timeout, jitter: (interval as f64 * share) as u64 };
            let (mut schedule, mut now, mut last) = (Schedule::Waiting { due: 0 }, 0, None);
            for (draw, took) in runs {
                now = schedule.wake(now);
                prop_assert_eq!(schedule.poll(now, timing, draw, true), Action::Start);
                now += took % timeout;
                prop_assert_eq!(schedule.finish(now, timing, draw).map(|finish| finish.late), Some(false));
                if let Some(last) = last.replace(now) {
                    prop_assert!(now - last < interval + timeout, "{} apart", now - last);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn wherever_the_clock_jumps_the_next_look_is_ahead_and_near(
            interval in 1..1_000_u64,
            timeout in 1..1_000_u64,
            looks in prop::collection::vec((0..100_000_u64, any::<u64>(), any::<bool>()), 1..50),
        ) {
            let timing = Timing { interval, timeout, jitter: interval / 10 };
            let mut schedule = Schedule::Waiting { due: 0 };
            for (now, draw, returns) in looks {
                if returns {
                    schedule.finish(now, timing, draw);
                }
                schedule.poll(now, timing, draw, true);
                let wake = schedule.wake(now);
                let near = now..=now + 2 * interval.max(timeout);
                prop_assert!(near.contains(&wake), "{schedule:?} at {now}");
            }
        }
    }

    #[test]
    fn a_thousand_instances_that_started_together_drift_apart() {
        let timing = Timing { interval: 1_000_000, timeout: 1, jitter: 100_000 };
        let mut tenths = [0_u32; 10];
        for seed in 0..1_000 {
            let gap = timing.gap(Draws(seed).next());
            tenths[((gap - 900_000).min(99_999) / 10_000) as usize] += 1;
        }
        assert!(tenths.iter().all(|&count| count < 200), "{tenths:?}");
    }
}
