//! Clocks that step back and forward, for every rule.

use crate::support::{NANO, World, fail, secs, succeed};
use proptest::prelude::*;
use sidecar_breaker::{Policy, State};
use std::time::Duration;

/// Readings of the tests are multiples of it: more than what is taken for the order in which threads read.
const UNIT: Duration = secs(3);
/// Not a multiple of the unit, and of any rule's buckets less than half a unit.
const SPAN: Duration = secs(20);

fn with(policy: impl Into<Policy>) -> World {
    let world = World::with(|builder| builder.policy(policy));
    world.advance(secs(1_000));
    world
}

fn counted(world: &World) -> u64 {
    world.breaker.snapshot().failure_count
}

#[test]
fn a_ring_that_comes_round_keeps_nothing_of_a_time_before_the_step() {
    let world = with(Policy::failures(3).within(secs(10)));
    // Every place of the ring holds a time; the reset forgets which.
    world.breaker.metrics_only();
    world.fail(1_024);
    world.breaker.reset();
    world.hand.decrement(secs(900));
    for _ in 0..200 {
        world.fail(1);
        assert_eq!(counted(&world), 1, "each has left before the next");
        world.advance(secs(4));
        world.fail(1);
        world.advance(secs(10));
        assert_eq!(counted(&world), 0);
    }
    world.expect(State::Closed);
}

#[test]
fn a_failure_in_a_place_that_is_used_again_is_not_of_the_time_before_the_step() {
    let world = with(Policy::failures(2).within(secs(10)));
    world.breaker.metrics_only();
    world.fail(1_024);
    world.breaker.reset();
    world.hand.decrement(secs(900));
    world.fail(1);
    world.advance(secs(901));
    world.fail(1);
    world.expect(State::Closed);
    assert_eq!(counted(&world), 1, "the other one is 901 seconds old");
}

#[test]
fn enough_calls_before_the_step_are_not_enough_when_the_clock_comes_by_again() {
    for policy in
        [Policy::failure_rate(0.5).over(secs(16)), Policy::slow_call_rate(0.5, secs(2)).over(secs(16))]
    {
        let world = with(policy.min_calls(4).or(Policy::failure_rate(0.5).over(secs(16)).min_calls(4)));
        world.succeed(4);
        world.hand.decrement(secs(900));
        assert_eq!(counted(&world), 0);
        world.advance(secs(900));
        world.fail(2);
        world.succeed(1);
        world.expect(State::Closed);
        world.succeed(1);
        world.expect(State::Open);
    }
}

#[test]
fn a_quiet_bucket_before_the_step_is_judged_when_the_clock_comes_by_again() {
    let world = with(Policy::failures(1_500).within(secs(128)));
    world.fail(1);
    world.hand.decrement(secs(900));
    assert_eq!(counted(&world), 1);
    world.advance(secs(900) - Duration::from_millis(1_500));
    world.fail(1_490);
    world.advance(Duration::from_millis(1_500));
    world.fail(9);
    world.expect(State::Closed);
    world.fail(1);
    world.expect(State::Open);
}

/// As another thread's reading that is older than the record by less than a bucket.
#[test]
fn a_reading_that_is_slightly_behind_moves_nothing() {
    let policies: [(Policy, Duration); 3] = [
        (Policy::failures(5).within(secs(128)).into(), Duration::from_micros(900)),
        (Policy::failures(2_000).within(secs(128)).into(), secs(1)),
        (Policy::failure_rate(1.0).over(secs(128)).min_calls(1_000).into(), secs(8)),
    ];
    for (policy, behind) in policies {
        let world = with(policy.clone());
        world.fail(3);
        world.advance(secs(100));
        world.fail(1);
        for _ in 0..10 {
            world.hand.decrement(behind);
            assert_eq!(counted(&world), 4, "{policy:?}");
            world.advance(behind);
            assert_eq!(counted(&world), 4, "{policy:?}");
        }
        // All but the last leave when they would have without it.
        world.advance(secs(28));
        assert_eq!(counted(&world), 1, "{policy:?}");
        world.advance(secs(100));
        assert_eq!(counted(&world), 0, "{policy:?}");
    }
}

#[test]
fn failures_are_as_old_after_a_step_back_as_they_were_before() {
    let world = with(Policy::failures(4).within(secs(10)));
    world.fail(1);
    world.advance(secs(6));
    world.fail(1);
    world.hand.decrement(secs(700));
    world.fail(1);
    assert_eq!(counted(&world), 3);
    world.advance(secs(4) - NANO);
    assert_eq!(counted(&world), 3);
    world.advance(NANO);
    assert_eq!(counted(&world), 2);
    world.advance(secs(6));
    assert_eq!(counted(&world), 0);
}

#[test]
fn a_period_ends_at_most_its_length_after_the_last_step() {
    for back in [1, 50, 999] {
        let world = with(Policy::failures(1).within(secs(10)));
        world.fail(1);
        world.advance(secs(30));
        world.hand.decrement(secs(back));
        assert!(world.breaker.try_acquire().is_err());
        world.advance(secs(60));
        world.succeed(2);
        world.expect(State::Closed);
    }
}

/// What was recorded: by time as far as it is known, where a step back takes none, and whether it was bad.
#[derive(Default)]
struct Model {
    reading: u64,
    elapsed: u64,
    calls: Vec<(u64, bool)>,
}

impl Model {
    fn record(&mut self, reading: u64, bad: bool) {
        self.elapsed += reading.saturating_sub(self.reading);
        self.reading = reading;
        self.calls.push((self.elapsed, bad));
    }

    /// The calls within the span, the newest first.
    fn young(&self) -> impl Iterator<Item = bool> {
        let span = SPAN.as_nanos() as u64;
        self.calls.iter().rev().take_while(move |(at, _)| self.elapsed - at < span).map(|(_, bad)| *bad)
    }

    fn failures(&self) -> usize {
        self.young().filter(|bad| *bad).count()
    }

    /// Whether any of the last calls, at least `min_calls` of them, are bad in half of the cases or more.
    fn has_half(&self, min_calls: usize) -> bool {
        let mut bad_ones = 0;
        self.young().enumerate().any(|(before, bad)| {
            bad_ones += usize::from(bad);
            before + 1 >= min_calls && bad_ones * 2 > before
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Forward(u32),
    Back(u32),
    Fail,
    Succeed,
    Look,
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..5_u32).prop_map(Step::Forward),
        1 => (5..200_u32).prop_map(Step::Forward),
        1 => (1..8_u32).prop_map(Step::Back),
        1 => (8..200_u32).prop_map(Step::Back),
        8 => Just(Step::Fail),
        3 => Just(Step::Succeed),
        1 => Just(Step::Look),
        1 => (0..8_u32).prop_map(|kind| if kind == 0 { Step::Reset } else { Step::Look }),
    ];
    prop::collection::vec(step, 1..400)
}

/// Runs the steps. Whenever the breaker opens, `may_open` must agree; whenever so many fail at once, it must open.
fn run(
    policy: impl Into<Policy>,
    reads_successes: bool,
    enough: usize,
    steps: &[Step],
    may_open: impl Fn(&Model) -> bool,
) -> Result<(), TestCaseError> {
    let (world, mut model, mut reading) = (with(policy), Model::default(), 1_000_000_000_000);
    for step in steps {
        match *step {
            Step::Forward(units) => {
                world.advance(UNIT * units);
                reading += (UNIT * units).as_nanos() as u64;
            }
            Step::Back(units) => {
                let by = (UNIT * units).as_nanos().min(u128::from(reading)) as u64;
                // Whole units, so that no reading is slightly behind another.
                let by = by - by % UNIT.as_nanos() as u64;
                world.hand.decrement(Duration::from_nanos(by));
                reading -= by;
            }
            Step::Fail => {
                model.record(reading, true);
                prop_assert!(fail(&world.breaker).is_err());
            }
            Step::Succeed => {
                if reads_successes {
                    model.record(reading, false);
                }
                prop_assert!(succeed(&world.breaker).is_ok());
            }
            Step::Look => _ = counted(&world),
            Step::Reset => {
                world.breaker.reset();
                model = Model::default();
            }
        }
        if world.breaker.state() == State::Open {
            prop_assert!(may_open(&model), "{step:?} opened at {reading}");
            world.breaker.reset();
            model = Model::default();
        }
    }
    // However the clock has stepped, it opens and finds its way back.
    world.advance(UNIT);
    for _ in 0..enough {
        if world.breaker.state() == State::Closed {
            world.fail(1);
        }
    }
    prop_assert_eq!(world.breaker.state(), State::Open);
    world.hand.decrement(UNIT);
    prop_assert!(world.breaker.try_acquire().is_err());
    world.advance(secs(60));
    world.succeed(2);
    prop_assert_eq!(world.breaker.state(), State::Closed);
    Ok(())
}

proptest! {
    #[test]
    fn failures_in_a_window_never_open_on_fewer_and_never_wedge(
        (limit, steps) in (1..9_usize, steps()),
    ) {
        let policy = Policy::failures(limit as u32).within(SPAN);
        run(policy, false, limit, &steps, |model| model.failures() >= limit)?;
    }

    #[test]
    fn a_rate_over_time_never_opens_on_fewer_and_never_wedges(
        (min_calls, steps) in (1..9_usize, steps()),
    ) {
        let policy = Policy::failure_rate(0.5).over(SPAN).min_calls(min_calls as u32);
        run(policy, true, 1_000, &steps, |model| model.has_half(min_calls))?;
    }

    /// Time is nothing to them, so a list says exactly when they open.
    #[test]
    fn rules_without_time_open_exactly_when_a_list_says_so_however_the_clock_steps(
        (limit, steps) in (1..9_usize, steps()),
    ) {
        let tail_fails = |model: &Model| model.calls.iter().rev().take_while(|(_, bad)| *bad).count() >= limit;
        run(Policy::consecutive_failures(limit as u32), true, limit, &steps, tail_fails)?;
        let last = Policy::failure_rate(1.0).over_calls(limit as u32).min_calls(limit as u32);
        run(last, true, limit, &steps, tail_fails)?;
    }

    /// Of each step of the shorter rules a bunch of 400 here.
    #[test]
    fn many_failures_in_a_window_never_open_on_fewer_and_never_wedge(
        steps in prop::collection::vec((0..6_u8, 1..60_u32), 1..40),
    ) {
        const LIMIT: usize = 1_200;
        let steps = steps.into_iter().flat_map(|(kind, units)| match kind {
            0 => vec![Step::Back(units)],
            1 => vec![Step::Forward(units)],
            2 => vec![Step::Forward(units % 5)],
            3 => vec![Step::Look],
            _ => vec![Step::Fail; 400],
        });
        let policy = Policy::failures(LIMIT as u32).within(SPAN);
        run(policy, false, LIMIT, &steps.collect::<Vec<_>>(), |model| model.failures() >= LIMIT)?;
    }
}
