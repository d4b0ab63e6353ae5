//! Settings that are replaced while the breaker is in use.

use crate::support::{World, fail, is_refused, secs, succeed};
use sidecar_breaker::{Breaker, BreakerRegistry, BreakerSettings, Policy, State};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Replaces what `edit` changes.
fn update(world: &World, edit: impl FnOnce(&mut BreakerSettings)) {
    let mut settings = world.breaker.settings();
    edit(&mut settings);
    world.breaker.update(settings).expect("the settings are in range");
}

#[test]
fn failures_in_the_window_stay_and_the_new_threshold_holds_from_the_next_one_on() {
    let world = World::new();
    world.fail(4);
    update(&world, |settings| _ = settings.set_failure_threshold(10).set_sliding_window(secs(60)));
    assert_eq!(world.breaker.snapshot().failure_count, 4);
    world.fail(5);
    world.expect(State::Closed);
    update(&world, |settings| _ = settings.set_failure_threshold(3));
    world.expect(State::Closed);
    world.fail(1);
    world.expect(State::Open);
}

fn set_policy(world: &World, policy: impl Into<Policy>) {
    update(world, |settings| _ = settings.set_policy(policy));
}

fn failure_count(world: &World) -> u64 {
    world.breaker.snapshot().failure_count
}

/// Each rule one call before it opens, and the call that opens it then.
#[test]
fn a_rule_that_stays_keeps_its_record_wherever_it_stands() {
    type Case = (fn() -> Policy, fn(&World), fn(&World));
    let cases: [Case; 6] = [
        (|| Policy::failures(3).within(secs(10)).into(), |w| w.fail(2), |w| w.fail(1)),
        (|| Policy::failures(1_500).within(secs(10)).into(), |w| w.fail(1_499), |w| w.fail(1)),
        (|| Policy::consecutive_failures(3), |w| w.fail(2), |w| w.fail(1)),
        (
            || Policy::failure_rate(0.5).over(secs(10)).min_calls(6).into(),
            |w| {
                w.succeed(2);
                w.fail(3);
            },
            |w| w.succeed(1),
        ),
        (
            || Policy::failure_rate(0.5).over_calls(6).min_calls(6).into(),
            |w| {
                w.succeed(20);
                w.fail(2);
            },
            |w| w.fail(1),
        ),
        (
            || Policy::slow_call_rate(1.0, secs(2)).over_calls(2).min_calls(2).into(),
            |w| take(w, secs(3)),
            |w| take(w, secs(3)),
        ),
    ];
    let other = || Policy::consecutive_failures(1_000_000);
    for (policy, before, opens) in cases {
        let changes: [(Policy, Policy); 3] = [
            (policy(), policy().or(other())),
            (policy().or(other()), policy()),
            (other().or(policy()), policy().or(Policy::failures(1_000_000))),
        ];
        for (first, then) in changes {
            let world = World::with(|b| b.policy(first.clone()));
            before(&world);
            world.expect(State::Closed);
            set_policy(&world, then.clone());
            world.expect(State::Closed);
            opens(&world);
            assert_eq!(world.breaker.state(), State::Open, "{first:?} to {then:?}");
        }
    }
}

fn take(world: &World, duration: Duration) {
    let permit = world.breaker.try_acquire().expect("closed");
    world.advance(duration);
    permit.success();
}

#[test]
fn failures_stay_with_their_times_across_every_size_of_window() {
    let limits = [5, 1_024, 1_025, 100_000];
    for (old, new) in limits.iter().flat_map(|old| limits.map(|new| (*old, new))) {
        // Not exactly on the edge of a bucket.
        let world = World::with(|b| b.policy(Policy::failures(old).within(secs(128))));
        world.advance(Duration::from_millis(1_000_500));
        world.fail(2);
        world.advance(secs(60));
        world.fail(2);
        set_policy(&world, Policy::failures(new).within(secs(128)));
        assert_eq!(failure_count(&world), 4, "{old} to {new}");
        world.advance(secs(66));
        assert_eq!(failure_count(&world), 4, "{old} to {new}");
        world.advance(secs(2));
        assert_eq!(failure_count(&world), 2, "{old} to {new}");
        world.advance(secs(60));
        assert_eq!(failure_count(&world), 0, "{old} to {new}");
    }
}

#[test]
fn a_window_that_crosses_what_is_kept_one_by_one_opens_at_the_new_threshold() {
    for (old, before, new) in
        [(1_000, 999, 1_030), (2_000, 1_500, 1_024), (2_000, 1_020, 1_024), (100, 99, 2_000)]
    {
        let world = World::with(|b| b.failure_threshold(old));
        world.advance(secs(1_000));
        world.fail(before);
        set_policy(&world, Policy::failures(new));
        let more = (new as usize).saturating_sub(before).max(1);
        world.fail(more - 1);
        world.expect(State::Closed);
        world.fail(1);
        assert_eq!(world.breaker.state(), State::Open, "{before} of {old}, then {new}");
    }
}

#[test]
fn a_shorter_window_keeps_what_is_young_enough_for_it_and_a_longer_one_all() {
    for threshold in [50, 5_000] {
        let policy = |seconds| Policy::failures(threshold).within(secs(seconds));
        let world = World::with(|b| b.policy(policy(100)));
        world.advance(secs(1_000));
        world.fail(3);
        world.advance(secs(50));
        world.fail(4);
        set_policy(&world, policy(20));
        assert_eq!(failure_count(&world), 4);
        set_policy(&world, policy(100));
        world.advance(secs(90));
        assert!(failure_count(&world) >= 4);
        world.advance(secs(10));
        assert_eq!(failure_count(&world), 0);
    }
}

#[test]
fn a_rate_over_time_keeps_the_calls_of_both_spans() {
    let rate = |span, calls| Policy::failure_rate(0.5).over(secs(span)).min_calls(calls);
    let world = World::with(|b| b.policy(rate(64, 100)));
    world.advance(secs(1_000));
    world.succeed(50);
    world.advance(secs(40));
    world.fail(3);
    set_policy(&world, rate(16, 4));
    world.expect(State::Closed);
    world.succeed(1);
    world.expect(State::Open);
}

#[test]
fn the_last_calls_are_kept_as_far_as_there_is_room() {
    let rate = |calls, min| Policy::failure_rate(0.6).over_calls(calls).min_calls(min);
    for (old, new, more) in [(20, 4, 0), (4, 20, 0), (20, 10, 3)] {
        let world = World::with(|b| b.policy(rate(old, old)));
        world.succeed(3);
        world.fail(2);
        world.succeed(1);
        set_policy(&world, rate(new, 4));
        assert_eq!(failure_count(&world), 2, "{old} to {new}");
        world.fail(more);
        world.expect(State::Closed);
        world.fail(1);
        assert_eq!(world.breaker.state(), State::Open, "{old} to {new}");
    }
}

#[test]
fn a_row_is_judged_by_the_new_limit() {
    let world = World::with(|b| b.policy(Policy::consecutive_failures(10)));
    world.fail(4);
    set_policy(&world, Policy::consecutive_failures(5));
    assert_eq!(failure_count(&world), 4);
    world.fail(1);
    world.expect(State::Open);
}

#[test]
fn what_another_kind_of_rule_has_recorded_is_not_taken_over() {
    let rate = || Policy::failure_rate(0.1).min_calls(2);
    let slow = |seconds| Policy::slow_call_rate(0.1, secs(seconds)).over_calls(10).min_calls(2);
    let changes: [(Policy, Policy); 5] = [
        (Policy::consecutive_failures(9), Policy::failures(2).into()),
        (Policy::failures(9).into(), Policy::consecutive_failures(2)),
        (rate().over(secs(60)).min_calls(9).into(), rate().over_calls(9).into()),
        (rate().over_calls(9).min_calls(9).into(), rate().over(secs(60)).into()),
        (slow(1).min_calls(9).into(), slow(2).into()),
    ];
    for (old, new) in changes {
        let world = World::with(|b| b.policy(old.clone()));
        for _ in 0..3 {
            let permit = world.breaker.try_acquire().expect("closed");
            world.advance(secs(3));
            permit.failure();
        }
        set_policy(&world, new.clone());
        assert_eq!(failure_count(&world), 0, "{old:?} to {new:?}");
        world.fail(1);
        assert_eq!(world.breaker.state(), State::Closed, "{old:?} to {new:?}");
    }
}

#[test]
fn an_update_of_an_open_breaker_brings_nothing_back_when_it_closes() {
    let world = World::with(|b| b.policy(Policy::failures(3)));
    world.fail(3);
    set_policy(&world, Policy::failures(2_000));
    world.advance(secs(60));
    world.succeed(2);
    world.expect(State::Closed);
    assert_eq!(failure_count(&world), 0);
}

#[test]
fn a_permit_in_flight_still_counts() {
    let world = World::new();
    let before = world.breaker.snapshot().generation;
    let permit = world.breaker.try_acquire_owned().expect("closed");
    update(&world, |settings| _ = settings.set_policy(Policy::consecutive_failures(1)));
    permit.failure();
    world.expect(State::Open);
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.failures, snapshot.late, snapshot.generation), (1, 0, before + 1));
}

#[test]
fn an_open_time_that_runs_is_measured_by_the_new_one_from_when_it_began() {
    let world = World::new().tripped();
    world.advance(secs(20));
    update(&world, |settings| _ = settings.set_timeout(secs(30)));
    assert_eq!(world.breaker.snapshot().next_probe_in, Some(secs(10)));
    update(&world, |settings| _ = settings.set_timeout(secs(5)));
    world.succeed(2);
    world.expect(State::Closed);
}

#[test]
fn a_change_of_something_else_leaves_the_open_time_alone() {
    let world = World::with(|b| b.timeout_jitter(1.0)).tripped();
    let before = world.breaker.snapshot().next_probe_in;
    update(&world, |settings| _ = settings.set_failure_threshold(9).set_half_open_max_calls(1));
    assert_eq!(world.breaker.snapshot().next_probe_in, before);
}

#[test]
fn a_round_under_way_goes_on_by_the_new_settings() {
    let world = World::with(|b| b.success_threshold(3)).due();
    let probes: Vec<_> = (0..3).map(|_| world.breaker.try_acquire_owned().expect("a probe")).collect();
    update(&world, |settings| _ = settings.set_half_open_max_calls(2).set_success_threshold(2));
    let mut probes = probes.into_iter();
    probes.next().expect("three").success();
    assert!(is_refused(&world.breaker), "two are in flight");
    probes.next().expect("three").success();
    world.expect(State::Closed);
}

#[test]
fn a_shorter_lease_ends_a_round_that_has_lasted_as_long() {
    let world = World::new().due();
    std::mem::forget(world.breaker.try_acquire().expect("a probe"));
    world.advance(secs(30));
    update(&world, |settings| _ = settings.set_probe_timeout(secs(20)));
    world.expect(State::Open);
}

#[test]
fn settings_out_of_range_change_nothing() {
    let world = World::new();
    world.fail(4);
    let before = world.breaker.settings();
    let mut settings = before.clone();
    settings.set_failure_threshold(1).set_half_open_max_calls(0);
    let error = world.breaker.update(settings).expect_err("no probe could pass");
    assert_eq!(error.field(), "half_open_max_calls");
    assert_eq!(world.breaker.settings(), before);
    world.fail(1);
    world.expect(State::Open);
}

#[test]
fn a_registry_goes_by_the_settings_that_were_given_first() {
    let registry = BreakerRegistry::new();
    let builder = || Breaker::builder("payments").failure_threshold(2);
    let breaker = registry.register(builder()).expect("room");
    let mut settings = breaker.settings();
    settings.set_failure_threshold(7);
    breaker.update(settings.clone()).expect("in range");
    let again = registry.register(builder()).expect("the same as given");
    assert_eq!(again.settings(), settings);
    assert!(registry.register(Breaker::builder("payments").failure_threshold(7)).is_err());
}

#[test]
fn a_policy_that_is_replaced_again_and_again_under_calls_loses_no_total() {
    const CALLS: u64 = 20_000;
    let (world, done) = (World::with(|b| b.failure_threshold(u32::MAX)), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let policies: [Policy; 3] = [
                Policy::failure_rate(1.0).min_calls(100_000).into(),
                Policy::consecutive_failures(u32::MAX),
                Policy::failures(u32::MAX).into(),
            ];
            for policy in policies.iter().cycle() {
                update(&world, |settings| _ = settings.set_policy(policy.clone()));
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let callers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for call in 0..CALLS {
                        let result =
                            if call % 2 == 0 { succeed(&world.breaker) } else { fail(&world.breaker) };
                        assert_eq!(result.is_ok(), call % 2 == 0);
                    }
                })
            })
            .collect();
        callers.into_iter().for_each(|caller| caller.join().expect("no panic"));
        done.store(true, Ordering::Relaxed);
    });
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.late, snapshot.rejected), (State::Closed, 0, 0));
    assert_eq!((snapshot.successes, snapshot.failures), (CALLS, CALLS));
}
