//! Settings that are replaced while the breaker is in use.

use crate::support::{World, fail, is_refused, secs, succeed};
use sidecar_breaker::{Breaker, BreakerRegistry, BreakerSettings, Policy, State};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

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
