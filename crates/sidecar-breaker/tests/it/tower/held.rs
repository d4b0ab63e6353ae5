//! Permits that services hold until the call: late ones, dropped ones, and clones without one.

use crate::support::{NANO, TIMEOUT, World, is_refused, secs};
use crate::tower::{Fake, READY, assert_rejected, call, due, poll_ready, service, slow, totals};
use sidecar_breaker::{Dropped, Hold, RejectReason, State};
use std::task::Poll;

#[test]
fn a_breaker_that_opens_while_the_inner_service_is_not_ready_refuses() {
    let (world, fake) = (World::new(), slow());
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    world.breaker.trip();
    assert_eq!(poll_ready(&mut service), READY);
    assert_rejected(&mut service, RejectReason::Open);
    assert_eq!(fake.seen(), (1, 0));
    assert_eq!(totals(&world), [0, 0, 0, 1, 1]);
}

#[test]
fn a_permit_that_a_reset_made_late_is_exchanged() {
    let (world, fake) = (due(), slow());
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    world.breaker.reset();
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    assert_eq!(totals(&world), [0, 5, 0, 0, 1]);
    assert_eq!(poll_ready(&mut service), READY);
    assert_eq!(call(&mut service), Ok(()));
    assert_eq!(totals(&world), [1, 5, 0, 0, 1]);
}

#[test]
fn a_round_that_ends_while_the_inner_service_is_not_ready_frees_its_place_and_refuses() {
    let (world, fake) = (due(), slow());
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    world.advance(secs(30) - NANO);
    assert_eq!(poll_ready(&mut service), Poll::Pending, "the round lasts");
    world.advance(NANO);
    assert_eq!(poll_ready(&mut service), READY);
    world.expect(State::Open);
    assert_rejected(&mut service, RejectReason::Open);
    assert_eq!((fake.seen(), totals(&world)), ((2, 0), [0, 5, 0, 1, 1]));
}

#[test]
fn a_permit_of_an_earlier_round_is_exchanged_for_one_of_the_next() {
    let (world, fake) = (due(), slow());
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    world.advance(secs(30) + TIMEOUT);
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    world.expect(State::HalfOpen);
    assert!(is_refused(&world.breaker), "the place of the new round is taken");
    assert_eq!(poll_ready(&mut service), READY);
    assert_eq!(call(&mut service), Ok(()));
    assert_eq!(totals(&world), [1, 5, 0, 1, 1]);
}

#[test]
fn a_hold_that_ends_makes_its_permits_late() {
    let (world, fake) = (World::new(), slow());
    world.breaker.disable_with(Hold::new().ttl(secs(10)));
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    world.advance(secs(10));
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    assert_eq!(totals(&world), [0, 0, 0, 0, 1]);
}

#[test]
fn a_breaker_that_opens_between_readiness_and_call_refuses_the_call() {
    let (world, fake) = (World::new(), Fake::new());
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), READY);
    world.breaker.trip();
    assert_rejected(&mut service, RejectReason::Open);
    assert_eq!((fake.seen(), totals(&world)), ((1, 0), [0, 0, 0, 1, 1]));
}

#[test]
fn a_permit_that_is_late_at_the_call_is_exchanged() {
    let (world, fake) = (World::new(), Fake::new());
    let mut service = service(&world, &fake);
    assert_eq!(poll_ready(&mut service), READY);
    world.breaker.reset();
    assert_eq!(call(&mut service), Ok(()));
    assert_eq!(totals(&world), [1, 0, 0, 0, 1]);
}

#[test]
fn a_service_dropped_with_a_permit_returns_the_place() {
    let world = due();
    for fake in [slow(), Fake::new()] {
        let mut service = service(&world, &fake);
        let _ = poll_ready(&mut service);
        assert!(is_refused(&world.breaker));
        drop(service);
        assert!(!is_refused(&world.breaker));
    }
    // Two permits of services, and two of looking whether the place is free.
    assert_eq!(totals(&world), [0, 5, 4, 2, 0]);
}

#[test]
fn a_service_dropped_with_a_permit_counts_as_the_setting_says() {
    let world = World::with(|builder| builder.failure_threshold(1).dropped(Dropped::Failure));
    let mut service = service(&world, &slow());
    assert_eq!(poll_ready(&mut service), Poll::Pending);
    drop(service);
    world.expect(State::Open);
}

#[test]
fn a_service_dropped_without_a_permit_counts_nothing() {
    let (world, fake) = (World::with(|builder| builder.dropped(Dropped::Failure)), Fake::new());
    drop(service(&world, &fake));
    let mut used = service(&world, &fake);
    assert_eq!(poll_ready(&mut used), READY);
    assert_eq!(call(&mut used), Ok(()));
    drop(used);
    assert_eq!(totals(&world), [1, 0, 0, 0, 0]);
}

#[test]
fn a_clone_starts_without_the_permit() {
    let (world, fake) = (due(), Fake::new());
    let mut original = service(&world, &fake);
    assert_eq!(poll_ready(&mut original), READY);
    let mut clone = original.clone();
    assert_eq!(poll_ready(&mut clone), READY);
    assert_rejected(&mut clone, RejectReason::HalfOpenFull);
    drop(clone);
    assert_eq!(call(&mut original), Ok(()));
    assert_eq!(totals(&world), [1, 5, 0, 1, 0]);
}

#[test]
fn a_clone_starts_without_the_refusal() {
    let (world, fake) = (World::new(), Fake::new());
    world.breaker.trip();
    let mut original = service(&world, &fake);
    assert_eq!(poll_ready(&mut original), READY);
    world.breaker.reset();
    assert_eq!(call(&mut original.clone()), Ok(()));
    assert_rejected(&mut original, RejectReason::Open);
}
