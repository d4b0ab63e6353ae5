//! Whatever is done to a breaker, it agrees with the model and finds its way back.

use crate::model::{Model, Settings};
use crate::support::{NANO, World, secs, succeed};
use proptest::prelude::*;
use sidecar_breaker::{BreakerBuilder, Dropped, Hold, OwnedPermit, Policy, State, Verdict};

#[derive(Clone, Debug)]
enum Act {
    Admit,
    Settle(usize, Option<Verdict>),
    Forget(usize),
    Advance(u64),
    Trip,
    Reset,
    Hold(State, Option<u64>),
    /// Looks, which lets timers act that are due.
    Look,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let verdict = prop_oneof![
        Just(Some(Verdict::Success)),
        Just(Some(Verdict::Failure)),
        Just(Some(Verdict::Ignored)),
        Just(None),
    ];
    let held = prop_oneof![Just(State::ForcedOpen), Just(State::Disabled), Just(State::MetricsOnly)];
    let act = prop_oneof![
        10 => Just(Act::Admit),
        10 => (0..8_usize, verdict).prop_map(|(which, verdict)| Act::Settle(which, verdict)),
        1 => (0..8_usize).prop_map(Act::Forget),
        6 => (1..8_u64).prop_map(Act::Advance),
        2 => (8..40_u64).prop_map(Act::Advance),
        1 => Just(Act::Trip),
        1 => Just(Act::Reset),
        1 => (held, prop::option::of(1..10_u64)).prop_map(|(state, ttl)| Act::Hold(state, ttl)),
        3 => Just(Act::Look),
    ];
    prop::collection::vec(act, 1..120)
}

prop_compose! {
    fn settings()(
        failure_threshold in 1..5_usize,
        sliding_window in 1..20_u64,
        timeout in 1..10_u64,
        half_open_max_calls in 1..4_usize,
        success_threshold in 1..4_usize,
        probe_timeout in 1..10_u64,
        dropped in prop_oneof![Just(Dropped::Ignore), Just(Dropped::Failure)],
    ) -> Settings {
        Settings {
            failure_threshold, sliding_window, timeout, half_open_max_calls, success_threshold,
            probe_timeout, dropped,
        }
    }
}

fn hold(ttl: Option<u64>) -> Hold {
    ttl.map_or(Hold::new(), |ttl| Hold::new().ttl(secs(ttl)))
}

fn world(settings: Settings) -> World {
    world_with(settings, |builder| builder)
}

fn world_with(settings: Settings, further: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> World {
    World::with(|b| {
        further(
            b.failure_threshold(settings.failure_threshold as u32)
                .sliding_window(secs(settings.sliding_window))
                .timeout(secs(settings.timeout))
                .half_open_max_calls(settings.half_open_max_calls as u32)
                .success_threshold(settings.success_threshold as u32)
                .probe_timeout(secs(settings.probe_timeout))
                .dropped(settings.dropped),
        )
    })
}

/// The breaker, the model beside it, and the calls in flight as both see them.
struct Pair {
    world: World,
    model: Model,
    calls: Vec<(OwnedPermit, u64)>,
}

impl Pair {
    fn new(settings: Settings) -> Self {
        Self { world: world(settings), model: Model::new(settings), calls: Vec::new() }
    }

    fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        let breaker = &self.world.breaker;
        match act {
            Act::Admit => match (breaker.try_acquire_owned(), self.model.admit()) {
                (Ok(permit), Some(generation)) => self.calls.push((permit, generation)),
                (Err(rejected), None) => {
                    prop_assert_eq!(rejected.retry_after(), self.model.left().map(secs));
                }
                (ours, models) => prop_assert!(false, "{:?}, but the model: {:?}", ours, models),
            },
            Act::Settle(which, verdict) if which < self.calls.len() => {
                let (permit, generation) = self.calls.swap_remove(which);
                match verdict {
                    Some(verdict) => permit.settle(verdict),
                    None => drop(permit),
                }
                self.model.settle(generation, verdict);
            }
            Act::Forget(which) if which < self.calls.len() => {
                let (permit, _) = self.calls.swap_remove(which);
                std::mem::forget(permit);
            }
            Act::Settle(..) | Act::Forget(_) => {}
            Act::Advance(seconds) => {
                self.world.advance(secs(seconds));
                self.model.advance(seconds);
            }
            Act::Trip => {
                breaker.trip();
                self.model.trip();
            }
            Act::Reset => {
                breaker.reset();
                self.model.reset();
            }
            Act::Hold(state, ttl) => {
                match state {
                    State::ForcedOpen => breaker.force_open_with(hold(ttl)),
                    State::Disabled => breaker.disable_with(hold(ttl)),
                    _ => breaker.metrics_only_with(hold(ttl)),
                }
                self.model.hold(state, ttl);
            }
            Act::Look => return self.compare(),
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        let snapshot = self.world.breaker.snapshot();
        let model = &self.model;
        prop_assert_eq!(self.world.breaker.state(), model.state);
        prop_assert_eq!(snapshot.state, model.state);
        prop_assert_eq!(snapshot.generation, model.generation);
        prop_assert_eq!(snapshot.failure_count, model.failure_count());
        let totals =
            [snapshot.successes, snapshot.failures, snapshot.ignored, snapshot.rejected, snapshot.late];
        prop_assert_eq!(totals, model.totals);
        let left = model.left().map(secs);
        prop_assert_eq!(snapshot.next_probe_in, left.filter(|_| model.state == State::Open));
        prop_assert_eq!(snapshot.hold_ends_in, left.filter(|_| model.state.is_held()));
        let last: Vec<_> = snapshot.transitions.iter().map(|t| (t.from, t.to)).collect();
        let from = model.transitions.len().saturating_sub(16);
        prop_assert_eq!(&last[..], &model.transitions[from..]);
        let newest = snapshot.transitions.last().map_or(0, |t| t.sequence);
        prop_assert_eq!(newest, model.transitions.len() as u64);
        Ok(())
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    let rule = prop_oneof![
        (1..6_u32, 1..20_u64).prop_map(|(count, within)| Policy::failures(count).within(secs(within)).into()),
        (1_025..1_030_u32).prop_map(|count| Policy::failures(count).into()),
        (1..6_u32).prop_map(Policy::consecutive_failures),
        (0.01..=1.0_f64, 1..20_u64, 1..8_u32).prop_map(|(share, over, calls)| Policy::failure_rate(share)
            .over(secs(over))
            .min_calls(calls)
            .into()),
        (0.01..=1.0_f64, 1..20_u32)
            .prop_map(|(share, calls)| Policy::failure_rate(share).over_calls(calls).into()),
        (0.01..=1.0_f64, 1..20_u32)
            .prop_map(|(share, calls)| Policy::slow_call_rate(share, NANO).over_calls(calls).into()),
    ];
    (rule.clone(), prop::option::of(rule)).prop_map(|(one, other): (Policy, Option<Policy>)| match other {
        Some(other) => one.or(other),
        None => one,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_the_policy_and_wherever_it_was_left_good_calls_close_it_and_every_call_is_counted_once(
        settings in settings(),
        (policy, multiplier, jitter) in (policies(), 1.0..3.0_f64, 0.0..=1.0_f64),
        acts in acts(),
    ) {
        let hardest = |b: BreakerBuilder| b.max_timeout(secs(20)).timeout_multiplier(multiplier).timeout_jitter(jitter);
        let world = world_with(settings, |b| hardest(b.policy(policy)));
        let (mut calls, mut forgotten, mut asked) = (Vec::new(), 0, 0);
        for act in acts {
            match act {
                Act::Admit => {
                    asked += 1;
                    calls.extend(world.breaker.try_acquire_owned());
                }
                Act::Settle(which, verdict) if which < calls.len() => match verdict {
                    Some(verdict) => calls.swap_remove(which).settle(verdict),
                    None => drop(calls.swap_remove(which)),
                },
                Act::Forget(which) if which < calls.len() => {
                    forgotten += 1;
                    std::mem::forget(calls.swap_remove(which));
                }
                Act::Advance(seconds) => world.advance(secs(seconds)),
                Act::Trip => world.breaker.trip(),
                Act::Reset => world.breaker.reset(),
                Act::Hold(State::ForcedOpen, ttl) => world.breaker.force_open_with(hold(ttl)),
                Act::Hold(State::Disabled, ttl) => world.breaker.disable_with(hold(ttl)),
                Act::Hold(_, ttl) => world.breaker.metrics_only_with(hold(ttl)),
                Act::Settle(..) | Act::Forget(_) | Act::Look => _ = world.breaker.snapshot(),
            }
        }
        let seen = world.breaker.snapshot();
        let counted = seen.successes + seen.failures + seen.ignored + seen.rejected + seen.late;
        prop_assert_eq!(counted + calls.len() as u64 + forgotten, asked);
        if seen.state.is_held() && seen.hold_ends_in.is_none() {
            world.breaker.trip();
        }
        // Permits in flight stay in flight. What has been recorded may open it once more, not for ever.
        for _ in 0..=3 * (20 + 10 + settings.probe_timeout) {
            world.advance(secs(1));
            for _ in 0..settings.success_threshold {
                let _ = succeed(&world.breaker);
            }
        }
        prop_assert_eq!(world.breaker.state(), State::Closed);
        prop_assert!(succeed(&world.breaker).is_ok());
    }

    #[test]
    fn the_breaker_does_what_the_model_does(settings in settings(), acts in acts()) {
        let mut pair = Pair::new(settings);
        for act in acts {
            pair.act(act)?;
        }
        pair.compare()?;
    }

    #[test]
    fn from_wherever_it_was_left_good_calls_close_it(settings in settings(), acts in acts()) {
        let mut pair = Pair::new(settings);
        for act in acts {
            pair.act(act)?;
        }
        let Pair { world, calls, .. } = pair;
        if world.breaker.state().is_held() && world.breaker.snapshot().hold_ends_in.is_none() {
            world.breaker.trip();
        }
        // Permits in flight stay in flight: none of them may be needed.
        let longest = 10 + settings.probe_timeout + settings.timeout;
        for _ in 0..=longest {
            world.advance(secs(1));
            for _ in 0..settings.success_threshold {
                let _ = succeed(&world.breaker);
            }
        }
        prop_assert_eq!(world.breaker.state(), State::Closed);
        prop_assert!(succeed(&world.breaker).is_ok());
        drop(calls);
    }

    #[test]
    fn no_jump_of_the_clock_keeps_it_open(
        settings in settings(),
        jumps in prop::collection::vec(prop_oneof![any::<u64>(), 0..100_u64, u64::MAX - 100..=u64::MAX], 1..30),
    ) {
        let world = world(settings);
        let mut at = 0;
        for jump in jumps {
            if jump >= at { world.hand.increment(jump - at) } else { world.hand.decrement(at - jump) }
            at = jump;
            let _ = world.breaker.call(|| Err::<(), _>("down"));
            let _ = world.breaker.snapshot();
        }
        world.breaker.trip();
        // Back to a time from which the clock has room to run; the first call sees the step.
        world.hand.decrement(at);
        prop_assert!(succeed(&world.breaker).is_err());
        world.advance(secs(settings.timeout));
        for _ in 0..settings.success_threshold {
            prop_assert!(succeed(&world.breaker).is_ok());
        }
        prop_assert_eq!(world.breaker.state(), State::Closed);
    }
}
