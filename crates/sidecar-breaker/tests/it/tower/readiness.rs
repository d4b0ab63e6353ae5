//! The breaker is asked before the inner service, and its answer is kept until the call.

use crate::script::{DOWN, Script, poll};
use crate::support::{TIMEOUT, World, is_refused};
use crate::tower::{Fake, READY, assert_rejected, call, due, poll_ready, service, slow, totals};
use ::tower::{Layer as _, Service as _};
use sidecar_breaker::{BreakerLayer, CallError, RejectReason, State, Verdict};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

#[test]
fn an_open_breaker_refuses_before_the_inner_service_is_asked() {
    let (world, fake) = (World::new(), slow());
    world.breaker.trip();
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), READY);
    assert_rejected(&mut service, RejectReason::Open);
    assert_eq!(fake.seen(), (0, 0));
    assert_eq!(totals(&world), [0, 0, 0, 1, 0]);
}

#[test]
fn a_refusal_holds_until_the_next_call_and_counts_once() {
    let (world, fake) = (World::new(), slow());
    world.breaker.trip();
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), READY);
    world.advance(TIMEOUT);
    for _ in 0..3 {
        assert_eq!(poll_ready(&mut service), READY, "what has been ready stays so");
    }
    assert_rejected(&mut service, RejectReason::Open);
    assert_eq!((fake.seen(), totals(&world)), ((0, 0), [0, 0, 0, 1, 0]));
    assert_eq!(poll_ready(&mut service), Poll::Pending, "the next one probes");
    world.expect(State::HalfOpen);
}

#[test]
fn a_full_round_and_a_forced_breaker_refuse_too() {
    let (world, fake) = (due(), Fake::new());
    let mut service = service(&world, &fake);
    let probe = world.breaker.try_acquire().expect("a probe");
    assert_eq!(poll_ready(&mut service), READY);
    assert_rejected(&mut service, RejectReason::HalfOpenFull);
    probe.ignore();
    world.breaker.force_open();
    assert_eq!(poll_ready(&mut service), READY);
    assert_rejected(&mut service, RejectReason::ForcedOpen);
    assert_eq!(fake.seen(), (0, 0));
}

#[test]
fn one_permit_is_held_while_the_inner_service_gets_ready_and_used_by_the_call() {
    let (world, fake) = (due(), slow());
    let mut service = service(&world, &fake);
    for readiness in [Poll::Pending, Poll::Pending, READY, READY] {
        assert_eq!(poll_ready(&mut service), readiness);
        assert!(is_refused(&world.breaker), "the place is taken");
    }
    let mut response = pin!(service.call(Script::OK.waiting(1)));
    assert_eq!(poll(response.as_mut()), Poll::Pending);
    assert!(is_refused(&world.breaker), "by the call");
    assert_eq!(poll(response), READY);
    assert!(!is_refused(&world.breaker), "it is free again");
    assert_eq!(fake.seen(), (4, 1));
    assert_eq!(world.breaker.snapshot().successes, 1);
}

#[test]
fn a_second_call_needs_a_second_permit() {
    let (world, fake) = (World::new(), Fake::new());
    let mut service = service(&world, &fake);
    for _ in 0..2 {
        assert_eq!(poll_ready(&mut service), READY);
        assert_eq!(call(&mut service), Ok(()));
    }
    assert_eq!((fake.seen(), totals(&world)), ((2, 2), [2, 0, 0, 0, 0]));
}

#[test]
fn a_call_without_readiness_asks_the_breaker_itself() {
    let (world, fake) = (due(), Fake::new());
    let mut service = service(&world, &fake);
    let response = service.call(Script::OK);
    assert!(is_refused(&world.breaker), "the place is taken before the first poll");
    assert_rejected(&mut service, RejectReason::HalfOpenFull);
    assert_eq!(poll(pin!(response)), READY);
    assert_eq!(fake.seen(), (0, 1));
}

#[test]
fn an_inner_service_that_cannot_get_ready_is_a_failure_and_its_error_is_handed_on() {
    let (world, fake) = (due(), Fake::with_readiness(Script::ERR.waiting(1)));
    // Whatever is made of responses: there was none.
    let classify = |_: &Result<(), &str>| Verdict::Ignored;
    let mut service = BreakerLayer::new(world.breaker.clone()).classify(classify).layer(fake.clone());
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    assert_eq!(poll_ready(&mut service), Poll::Ready(Err(CallError::Inner(DOWN))));
    world.expect(State::Open);
    assert_eq!(totals(&world), [0, 6, 0, 0, 0]);
    drop(service);
    assert_eq!(totals(&world), [0, 6, 0, 0, 0]);
}

#[test]
fn a_panic_in_readiness_is_a_failure_at_once_and_the_service_can_be_kept() {
    let (world, fake) = (due(), Fake::with_readiness(Script::PANIC));
    let mut service = service(&world, &fake);
    let unwound = catch_unwind(AssertUnwindSafe(|| poll_ready(&mut service)));
    assert_eq!(unwound.expect_err("it panics").downcast_ref(), Some(&DOWN));
    world.expect(State::Open);
    fake.set_readiness(Script::OK);
    world.advance(TIMEOUT);
    for _ in 0..2 {
        assert_eq!(poll_ready(&mut service), READY);
        assert_eq!(call(&mut service), Ok(()));
    }
    world.expect(State::Closed);
    assert_eq!(totals(&world), [2, 6, 0, 0, 0]);
}
