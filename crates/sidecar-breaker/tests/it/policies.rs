//! When each policy opens, through the public interface and in virtual time.

use crate::support::{NANO, World, secs};
use sidecar_breaker::{Breaker, BreakerSettings, Cause, Policy, State};
use std::time::Duration;

fn with(policy: impl Into<Policy>) -> World {
    World::with(|builder| builder.policy(policy))
}

#[track_caller]
fn assert_opened_by(world: &World, cause: Cause) {
    world.expect(State::Open);
    assert_eq!(world.breaker.snapshot().transitions.last().map(|last| last.cause), Some(cause));
}

#[test]
fn failures_open_when_so_many_fall_inside_the_span_and_leave_it_without_traffic() {
    let world = with(Policy::failures(3).within(secs(10)));
    world.fail(2);
    world.advance(secs(10));
    assert_eq!(world.breaker.snapshot().failure_count, 0);
    world.fail(1);
    world.advance(secs(10) - NANO);
    world.fail(1);
    world.expect(State::Closed);
    world.fail(1);
    assert_opened_by(&world, Cause::FailureThreshold);
}

#[test]
fn a_threshold_above_a_thousand_opens_at_that_many() {
    let world = with(Policy::failures(5_000).within(secs(10)));
    world.fail(4_999);
    world.expect(State::Closed);
    world.fail(1);
    assert_opened_by(&world, Cause::FailureThreshold);
}

#[test]
fn a_success_between_them_begins_the_row_anew() {
    let world = with(Policy::consecutive_failures(3));
    world.fail(2);
    world.succeed(1);
    world.fail(2);
    world.advance(secs(100_000));
    world.expect(State::Closed);
    world.fail(1);
    assert_opened_by(&world, Cause::ConsecutiveFailures);
}

/// The call that makes enough of them may be a success; breakers that judge failures alone miss that.
#[test]
fn a_rate_that_is_reached_by_a_success_opens_on_that_success() {
    for rate in [Policy::failure_rate(0.5).over(secs(10)), Policy::failure_rate(0.5).over_calls(10)] {
        let world = with(rate.min_calls(4));
        world.fail(2);
        world.succeed(1);
        world.expect(State::Closed);
        world.succeed(1);
        assert_opened_by(&world, Cause::FailureRate);
    }
}

#[test]
fn exactly_seven_of_a_hundred_are_a_rate_of_seven_hundredths() {
    for rate in [Policy::failure_rate(0.07).over(secs(10)), Policy::failure_rate(0.07).over_calls(100)] {
        let world = with(rate.min_calls(100));
        world.succeed(93);
        world.fail(6);
        world.expect(State::Closed);
        world.fail(1);
        assert_opened_by(&world, Cause::FailureRate);
    }
}

#[test]
fn the_first_failure_after_silence_is_no_rate() {
    for rate in [Policy::failure_rate(0.1).over(secs(10)), Policy::failure_rate(0.1).over_calls(10)] {
        let world = with(rate.min_calls(10));
        world.advance(secs(3_600));
        world.fail(9);
        world.expect(State::Closed);
    }
}

#[test]
fn calls_that_have_left_the_span_of_a_rate_count_no_more() {
    let world = with(Policy::failure_rate(0.5).over(secs(16)).min_calls(4));
    world.succeed(100);
    world.advance(secs(17));
    world.fail(3);
    world.expect(State::Closed);
    world.fail(1);
    assert_opened_by(&world, Cause::FailureRate);
}

#[test]
fn calls_that_have_left_the_last_ones_count_no_more_however_long_ago_they_were() {
    let world = with(Policy::failure_rate(0.5).over_calls(10).min_calls(10));
    world.succeed(10);
    world.advance(secs(100_000));
    world.fail(4);
    world.expect(State::Closed);
    world.fail(1);
    assert_opened_by(&world, Cause::FailureRate);
}

#[test]
fn a_slow_call_is_slower_than_said_whether_it_succeeds_or_fails() {
    let slow = || Policy::slow_call_rate(1.0, secs(2)).over_calls(2).min_calls(2);
    for (first, second, state) in [(secs(2), secs(5), State::Closed), (secs(2) + NANO, secs(5), State::Open)]
    {
        let world = with(slow());
        let take = |duration: Duration, result| {
            world.breaker.call(|| {
                world.advance(duration);
                result
            })
        };
        assert!(take(first, Ok(())).is_ok() && take(second, Err("down")).is_err());
        world.expect(state);
    }
}

#[test]
fn slowness_counts_from_the_admission_to_the_end_of_futures_and_permits_too() {
    let slow = || Policy::slow_call_rate(1.0, secs(2)).over_calls(1).min_calls(1);
    let world = with(slow());
    let permit = world.breaker.try_acquire().expect("closed");
    world.advance(secs(3));
    permit.success();
    assert_opened_by(&world, Cause::SlowCallRate);
    let world = with(slow());
    let owned = world.breaker.try_acquire_owned().expect("closed");
    world.advance(secs(3));
    owned.ignore();
    world.expect(State::Closed);
}

#[test]
fn a_probe_that_is_slow_has_failed() {
    let world = with(Policy::slow_call_rate(1.0, secs(2)).over_calls(1).min_calls(1));
    world.breaker.trip();
    world.advance(secs(60));
    let probe = world.breaker.try_acquire().expect("a probe");
    world.advance(secs(3));
    probe.success();
    assert_opened_by(&world, Cause::ProbeFailed);
}

#[test]
fn whichever_rule_is_reached_first_opens_and_gives_the_cause() {
    let policy = || Policy::consecutive_failures(3).or(Policy::failure_rate(0.5).over_calls(10).min_calls(4));
    let world = with(policy());
    world.fail(3);
    assert_opened_by(&world, Cause::ConsecutiveFailures);
    let world = with(policy());
    world.fail(2);
    world.succeed(2);
    assert_opened_by(&world, Cause::FailureRate);
}

#[test]
fn every_policy_finds_its_way_back_and_begins_afresh() {
    let policies: [Policy; 5] = [
        Policy::failures(2).into(),
        Policy::failures(2_000).into(),
        Policy::consecutive_failures(2),
        Policy::failure_rate(0.5).min_calls(2).into(),
        Policy::failure_rate(0.5).over_calls(2).min_calls(2).into(),
    ];
    for policy in policies {
        let world = with(policy.clone());
        while world.breaker.state() == State::Closed {
            world.fail(1);
        }
        world.advance(secs(60));
        world.succeed(2);
        world.expect(State::Closed);
        assert_eq!(world.breaker.snapshot().failure_count, 0, "{policy:?}");
        world.fail(1);
        world.expect(State::Closed);
    }
}

#[test]
fn a_clock_that_steps_back_neither_wedges_nor_blinds_any_policy() {
    let policies: [Policy; 4] = [
        Policy::failures(3).within(secs(10)).into(),
        Policy::failures(2_000).within(secs(10)).into(),
        Policy::failure_rate(0.5).over(secs(10)).min_calls(3).into(),
        Policy::slow_call_rate(0.5, secs(1))
            .over(secs(10))
            .min_calls(3)
            .or(Policy::failures(3).within(secs(10))),
    ];
    for policy in policies {
        let world = with(policy.clone());
        world.advance(secs(1_000_000));
        world.fail(1);
        world.hand.decrement(secs(999_000));
        world.fail(1);
        // Nothing may count for longer than its span from the step on.
        world.advance(secs(11));
        assert_eq!(world.breaker.snapshot().failure_count, 0, "{policy:?}");
        for _ in 0..2_000 {
            if world.breaker.state() == State::Closed {
                world.fail(1);
            }
        }
        world.expect(State::Open);
        world.advance(secs(60));
        world.succeed(2);
        world.expect(State::Closed);
    }
}

#[test]
fn of_policy_and_threshold_the_one_given_last_holds() {
    let mut settings = BreakerSettings::default();
    assert_eq!(settings.policy(), Policy::failures(5).within(secs(120)).into());
    settings.set_failure_threshold(9).set_policy(Policy::consecutive_failures(2));
    assert_eq!((settings.policy(), settings.failure_threshold()), (Policy::consecutive_failures(2), 5));
    settings.set_sliding_window(secs(7));
    assert_eq!(settings.policy(), Policy::failures(5).within(secs(7)).into());
}

#[test]
fn policies_out_of_range_are_refused_by_field_value_and_range() {
    let rate = Policy::failure_rate;
    let cases: [(Policy, &str, &str); 16] = [
        (Policy::failures(0).into(), "policy.failures", "0"),
        (Policy::failures(1).within(Duration::ZERO).into(), "policy.within", "0ns"),
        (Policy::consecutive_failures(0), "policy.consecutive_failures", "0"),
        (rate(0.0).into(), "policy.rate", "0"),
        (rate(-0.5).into(), "policy.rate", "-0.5"),
        (rate(1.000_001).into(), "policy.rate", "1.000001"),
        (rate(f64::NAN).into(), "policy.rate", "NaN"),
        (rate(f64::INFINITY).into(), "policy.rate", "inf"),
        (rate(0.5).over(Duration::ZERO).into(), "policy.over", "0ns"),
        (rate(0.5).over_calls(0).into(), "policy.over_calls", "0"),
        (rate(0.5).over_calls(4_097).into(), "policy.over_calls", "4097"),
        (rate(0.5).min_calls(0).into(), "policy.min_calls", "0"),
        (rate(0.5).min_calls(100_001).into(), "policy.min_calls", "100001"),
        (rate(0.5).over_calls(5).min_calls(6).into(), "policy.min_calls", "6"),
        (Policy::slow_call_rate(0.5, Duration::ZERO).into(), "policy.slower_than", "0ns"),
        (Policy::slow_call_rate(0.5, secs(60)).into(), "policy.slower_than", "60s"),
    ];
    for (policy, field, value) in cases {
        let error = Breaker::builder("b").policy(policy).build().expect_err(field);
        assert_eq!((error.field(), error.value()), (field, value));
        assert!(!error.allowed().is_empty());
    }
    let one = || Policy::consecutive_failures(1);
    assert!(Breaker::builder("b").policy(one().or(one()).or(one()).or(one())).build().is_ok());
    let five = Breaker::builder("b").policy(one().or(one()).or(one()).or(one().or(one()))).build();
    assert_eq!(five.expect_err("five rules").value(), "5 rules");
}
