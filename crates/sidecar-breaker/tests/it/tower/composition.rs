//! The layer among others, as programs stack them.

use crate::script::{Script, poll};
use crate::support::{TIMEOUT, World};
use crate::tower::{Fake, totals};
use ::tower::{BoxError, Service as _, ServiceBuilder, ServiceExt as _, service_fn};
use sidecar_breaker::{BreakerLayer, CallError, State, Verdict};
use std::future::ready;
use std::io;
use std::pin::pin;
use std::task::Poll;

#[test]
fn a_stack_protects_and_recovers() {
    let (world, fake) = (World::new(), Fake::new());
    let stack = ServiceBuilder::new()
        .map_err(|error: CallError<&str>| error.to_string())
        .layer(BreakerLayer::new(world.breaker.clone()))
        .map_request(|is_up| if is_up { Script::OK } else { Script::ERR })
        .service(fake.clone());
    let call = |is_up| poll(pin!(stack.clone().oneshot(is_up)));
    for _ in 0..5 {
        assert_eq!(call(false), Poll::Ready(Err("down".to_owned())));
    }
    let refused = "circuit breaker world is open, retry after 60.0s".to_owned();
    assert_eq!(call(true), Poll::Ready(Err(refused)));
    assert_eq!(fake.seen(), (5, 5));
    world.advance(TIMEOUT);
    for _ in 0..2 {
        assert_eq!(call(true), Poll::Ready(Ok(())));
    }
    world.expect(State::Closed);
}

#[test]
fn services_of_one_layer_share_its_breaker() {
    let world = World::with(|builder| builder.failure_threshold(2));
    let layer = BreakerLayer::new(world.breaker.clone());
    for _ in 0..2 {
        let stack = ServiceBuilder::new().layer(layer.clone()).service(Fake::new());
        assert!(matches!(poll(pin!(stack.oneshot(Script::ERR))), Poll::Ready(Err(CallError::Inner(_)))));
    }
    world.expect(State::Open);
}

#[test]
fn errors_become_boxed_ones_and_can_be_told_apart_again() {
    let world = World::with(|builder| builder.failure_threshold(1));
    let mut stack = ServiceBuilder::new()
        .boxed_clone()
        .map_err(BoxError::from)
        .layer(BreakerLayer::new(world.breaker.clone()))
        .service(service_fn(|()| ready(Err::<(), _>(io::Error::other("reset")))));
    let mut call = || match poll(pin!(stack.call(()))) {
        Poll::Ready(Err(error)) => error.downcast::<CallError<io::Error>>().expect("it is the layer's"),
        other => panic!("{other:?}"),
    };
    assert!(call().rejected().is_none());
    assert!(call().rejected().is_some());
}

#[test]
fn a_breaker_can_stand_behind_another() {
    let (outer, inner, fake) = (World::new(), World::new(), Fake::new());
    inner.breaker.trip();
    // A refusal by the inner one says nothing about what the outer one protects.
    let classify = |result: &Result<(), CallError<&str>>| match result {
        Err(CallError::Rejected(_)) => Verdict::Ignored,
        other => Verdict::of(other),
    };
    let stack = ServiceBuilder::new()
        .layer(BreakerLayer::new(outer.breaker.clone()).classify(classify))
        .layer(BreakerLayer::new(inner.breaker.clone()))
        .service(fake.clone());
    let Poll::Ready(Err(CallError::Inner(CallError::Rejected(_)))) = poll(pin!(stack.oneshot(Script::OK)))
    else {
        panic!("the inner breaker is open");
    };
    assert_eq!((totals(&outer), totals(&inner)), ([0, 0, 1, 0, 0], [0, 0, 0, 1, 0]));
    assert_eq!(fake.seen(), (0, 0));
}
