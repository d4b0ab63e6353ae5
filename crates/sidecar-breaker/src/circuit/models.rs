//! Every order in which threads may meet, within the bound that the runner sets.

use crate::{Breaker, BreakerBuilder, BreakerSnapshot, Cause, State};
use loom::thread;
use sidecar_core::Clock;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Runs two threads in every order on a breaker that `prepare` has brought into its state, 60 s after that.
fn meet<A: 'static, B: 'static>(
    settings: fn(BreakerBuilder) -> BreakerBuilder,
    prepare: fn(&Breaker),
    one: fn(&Breaker) -> A,
    other: fn(&Breaker) -> B,
    check: fn(BreakerSnapshot, A, B),
) {
    loom::model(move || {
        let (clock, hand) = Clock::mock();
        let builder = settings(Breaker::builder("model")).clock(clock).timeout(TIMEOUT);
        let breaker = builder.build().expect("the settings are in range");
        prepare(&breaker);
        hand.increment(TIMEOUT);
        let thread = {
            let breaker = breaker.clone();
            thread::spawn(move || one(&breaker))
        };
        let b = other(&breaker);
        let a = thread.join().expect("no panic");
        check(breaker.snapshot(), a, b);
    });
}

/// Asks for a place and keeps it.
fn claim(breaker: &Breaker) -> bool {
    breaker.try_acquire().map(std::mem::forget).is_ok()
}

fn fail(breaker: &Breaker) {
    if let Ok(permit) = breaker.try_acquire() {
        permit.failure();
    }
}

fn succeed(breaker: &Breaker) {
    if let Ok(permit) = breaker.try_acquire() {
        permit.success();
    }
}

#[test]
fn one_place_is_given_to_one_of_two_probes() {
    meet(
        |b| b.half_open_max_calls(1),
        Breaker::trip,
        claim,
        claim,
        |breaker, one, other| {
            assert!(one != other, "{one} {other}");
            assert_eq!((breaker.state, breaker.rejected), (State::HalfOpen, 1));
        },
    );
}

#[test]
fn two_failures_that_meet_open_at_a_threshold_of_two() {
    meet(
        |b| b.failure_threshold(2),
        |_| {},
        fail,
        fail,
        |breaker, (), ()| {
            assert_eq!((breaker.state, breaker.failures, breaker.late), (State::Open, 2, 0));
        },
    );
}

#[test]
fn a_failure_that_meets_a_reset_leaves_nothing_and_is_counted_once() {
    let keeps_failing = |breaker: &Breaker| (0..2).for_each(|_| fail(breaker));
    meet(
        |b| b.failure_threshold(3),
        keeps_failing,
        fail,
        Breaker::reset,
        |breaker, (), ()| {
            assert_eq!(breaker.state, State::Closed);
            assert_eq!(breaker.failures + breaker.late, 3);
            assert!(breaker.failure_count <= 1, "{breaker:?}");
        },
    );
}

#[test]
fn a_probe_that_succeeds_does_not_undo_a_trip() {
    meet(
        |b| b.success_threshold(1),
        Breaker::trip,
        succeed,
        Breaker::trip,
        |breaker, (), ()| {
            assert_eq!(breaker.state, State::Open, "{breaker:?}");
            assert_eq!(breaker.successes + breaker.late + breaker.rejected, 1);
        },
    );
}

#[test]
fn a_probe_that_fails_after_a_reset_is_late() {
    meet(
        |b| b.failure_threshold(1),
        Breaker::trip,
        fail,
        Breaker::reset,
        |breaker, (), ()| {
            let probed_before = breaker.transitions.iter().any(|change| change.from == State::HalfOpen);
            let failed_before = breaker.transitions.iter().any(|change| change.cause == Cause::ProbeFailed);
            if probed_before && !failed_before {
                let counts = (breaker.failures, breaker.late, breaker.failure_count);
                assert_eq!((breaker.state, counts), (State::Closed, (0, 1, 0)), "{breaker:?}");
            }
        },
    );
}

#[test]
fn a_refusal_and_a_command_agree_on_one_state() {
    meet(
        |b| b,
        Breaker::force_open,
        claim,
        Breaker::reset,
        |breaker, admitted, ()| {
            assert_eq!((breaker.state, breaker.rejected), (State::Closed, u64::from(!admitted)));
        },
    );
}

#[test]
fn settings_that_are_replaced_under_a_failing_call_hold_from_then_on() {
    let stricter = |breaker: &Breaker| {
        let mut settings = breaker.settings();
        settings.set_failure_threshold(1);
        breaker.update(settings).expect("in range");
    };
    meet(
        |b| b.failure_threshold(9),
        |_| {},
        fail,
        stricter,
        |breaker, (), ()| {
            assert!([State::Closed, State::Open].contains(&breaker.state));
            assert_eq!(breaker.failures, 1);
        },
    );
}

fn switch(breaker: &Breaker, on: bool) {
    breaker.circuit.command(|machine, now| machine.switch(now, on));
}

#[test]
fn a_failure_that_meets_the_switch_counts_once_and_what_it_opened_comes_back() {
    meet(
        |b| b.failure_threshold(1),
        |_| {},
        fail,
        |breaker| {
            switch(breaker, false);
            let off = breaker.state();
            switch(breaker, true);
            off
        },
        |breaker, (), off| {
            assert_eq!((off, breaker.failures + breaker.late), (State::Disabled, 1), "{breaker:?}");
            let opened = breaker.transitions.iter().any(|change| change.cause == Cause::FailureThreshold);
            assert_eq!(breaker.state == State::Open, opened, "{breaker:?}");
        },
    );
}

#[test]
fn a_refusal_and_the_switch_agree_on_one_state() {
    meet(
        |b| b,
        Breaker::force_open,
        claim,
        |breaker| switch(breaker, false),
        |breaker, admitted, ()| {
            assert_eq!((breaker.state, breaker.rejected), (State::Disabled, u64::from(!admitted)));
        },
    );
}
