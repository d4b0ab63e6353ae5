//! How the permit of a call ends.

use crate::script::{DOWN, Script, poll};
use crate::support::{World, is_refused, secs};
use crate::tower::{Fake, IN_CALL, service, totals};
use ::tower::{Layer as _, Service as _};
use sidecar_breaker::{
    BreakerBuilder, BreakerFuture, BreakerLayer, BreakerService, CallError, Dropped, Policy, State, Verdict,
};
use std::cell::Cell;
use std::future::Ready;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[test]
fn ok_is_a_success_and_err_a_failure_unless_told_otherwise() {
    let (world, fake) = (World::new(), Fake::new());
    let mut service = service(&world, &fake);
    assert_eq!(poll(pin!(service.call(Script::OK))), Poll::Ready(Ok(())));
    assert_eq!(poll(pin!(service.call(Script::ERR))), Poll::Ready(Err(CallError::Inner(DOWN))));
    assert_eq!(totals(&world), [1, 1, 0, 0, 0]);
}

#[test]
fn the_wait_for_readiness_does_not_make_a_call_slow() {
    let slow = |builder: BreakerBuilder| {
        builder.policy(Policy::slow_call_rate(1.0, secs(1)).over_calls(1).min_calls(1))
    };
    for (ready_after, answer_after, state) in
        [(secs(10), secs(1), State::Closed), (secs(1), secs(2), State::Open)]
    {
        let (world, fake) = (World::with(slow), Fake::new());
        let mut service = service(&world, &fake);
        assert!(service.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
        world.advance(ready_after);
        let response = service.call(Script::OK);
        world.advance(answer_after);
        assert_eq!(poll(pin!(response)), Poll::Ready(Ok(())));
        world.expect(state);
    }
}

#[test]
fn classify_says_which_outcomes_count() {
    let (world, fake) = (World::new(), Fake::new());
    let classify = |result: &Result<(), _>| if result.is_ok() { Verdict::Failure } else { Verdict::Ignored };
    let mut service = BreakerLayer::new(world.breaker.clone()).classify(classify).layer(fake);
    assert_eq!(poll(pin!(service.call(Script::OK))), Poll::Ready(Ok(())));
    assert_eq!(poll(pin!(service.call(Script::ERR))), Poll::Ready(Err(CallError::Inner(DOWN))));
    assert_eq!(totals(&world), [0, 1, 1, 0, 0]);
}

#[test]
fn classify_runs_outside_the_lock_and_a_panic_in_it_ends_there() {
    let (world, fake) = (World::new(), Fake::new());
    let breaker = world.breaker.clone();
    let classify = move |_: &Result<(), _>| -> Verdict {
        assert_eq!(breaker.snapshot().state, State::Closed);
        panic_any("in classify")
    };
    let mut service = BreakerLayer::new(world.breaker.clone()).classify(classify).layer(fake);
    assert_eq!(poll(pin!(service.call(Script::OK))), Poll::Ready(Ok(())));
    assert_eq!(poll(pin!(service.call(Script::ERR))), Poll::Ready(Err(CallError::Inner(DOWN))));
    assert_eq!(totals(&world), [1, 1, 0, 0, 0]);
}

#[test]
fn a_classify_that_panics_when_cloned_says_nothing_about_the_dependency() {
    /// Whether the next clone panics.
    struct Fragile(Rc<Cell<bool>>);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            if self.0.get() { panic_any("in clone") } else { Self(Rc::clone(&self.0)) }
        }
    }
    let (world, fake, is_broken) = (World::new(), Fake::new(), Rc::new(Cell::new(false)));
    let fragile = Fragile(Rc::clone(&is_broken));
    let classify = move |result: &Result<(), &str>| {
        let Fragile(_) = &fragile;
        Verdict::of(result)
    };
    let mut service = BreakerLayer::new(world.breaker.clone()).classify(classify).layer(fake.clone());
    is_broken.set(true);
    let unwound = catch_unwind(AssertUnwindSafe(|| drop(service.call(Script::OK))));
    assert_eq!(unwound.expect_err("it panics").downcast_ref(), Some(&"in clone"));
    assert_eq!((fake.seen(), totals(&world)), ((0, 0), [0, 0, 1, 0, 0]));
}

#[test]
fn a_dropped_response_counts_as_the_setting_says_polled_or_not() {
    for polls in 0..2 {
        for (dropped, counted) in [(Dropped::Ignore, [0, 0, 1, 0, 0]), (Dropped::Failure, [0, 1, 0, 0, 0])] {
            let world = World::with(|builder| builder.dropped(dropped));
            let mut response = Box::pin(service(&world, &Fake::new()).call(Script::OK.waiting(5)));
            (0..polls).for_each(|_| assert!(poll(response.as_mut()).is_pending()));
            drop(response);
            assert_eq!(totals(&world), counted, "{dropped:?} after {polls} polls");
        }
    }
}

#[test]
fn a_response_dropped_by_a_panic_of_its_owner_is_cancelled_and_not_failed() {
    let world = World::new();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut response = pin!(service(&world, &Fake::new()).call(Script::OK.waiting(5)));
        assert!(poll(response.as_mut()).is_pending());
        panic_any("the owner's own trouble");
    }));
    assert!(unwound.is_err());
    assert_eq!(totals(&world), [0, 0, 1, 0, 0]);
}

#[test]
fn a_panic_in_the_inner_call_is_a_failure_and_goes_on_unwinding() {
    let (world, fake) = (World::with(|builder| builder.half_open_max_calls(1)).due(), Fake::new());
    fake.0.calls_panic.set(true);
    let mut service = service(&world, &fake);
    let unwound = catch_unwind(AssertUnwindSafe(|| drop(service.call(Script::OK))));
    assert_eq!(unwound.expect_err("it panics").downcast_ref(), Some(&IN_CALL));
    world.expect(State::Open);
    assert_eq!(totals(&world), [0, 6, 0, 0, 0]);
}

#[test]
fn a_panic_while_polling_is_a_failure_once_and_the_future_is_done() {
    let world = World::new();
    let mut response = Box::pin(service(&world, &Fake::new()).call(Script::PANIC));
    let unwound = catch_unwind(AssertUnwindSafe(|| poll(response.as_mut())));
    assert_eq!(unwound.expect_err("it panics").downcast_ref(), Some(&DOWN));
    assert_eq!(totals(&world), [0, 1, 0, 0, 0]);
    assert!(catch_unwind(AssertUnwindSafe(|| poll(response.as_mut()))).is_err(), "it is not polled again");
    drop(response);
    assert_eq!(totals(&world), [0, 1, 0, 0, 0]);
}

#[test]
fn a_response_that_outlives_its_generation_is_late() {
    let world = World::new();
    let mut response = pin!(service(&world, &Fake::new()).call(Script::ERR.waiting(1)));
    assert!(poll(response.as_mut()).is_pending());
    world.breaker.reset();
    assert_eq!(poll(response), Poll::Ready(Err(CallError::Inner(DOWN))));
    assert_eq!(totals(&world), [0, 0, 0, 0, 1]);
}

#[test]
fn a_place_is_free_only_when_the_drop_of_the_call_is_over() {
    struct Looks<'a>(&'a World);
    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            assert!(is_refused(&self.0.breaker));
        }
    }
    let world = World::with(|builder| builder.half_open_max_calls(1)).due();
    let layer = BreakerLayer::new(world.breaker.clone());
    let mut service = layer.layer(::tower::service_fn(|()| {
        let looks = Looks(&world);
        async move {
            let _looks = looks;
            std::future::pending::<Result<(), ()>>().await
        }
    }));
    let mut response = Box::pin(service.call(()));
    assert!(poll(response.as_mut()).is_pending());
    drop(response);
    assert!(!is_refused(&world.breaker));
}

#[test]
fn everything_can_be_shared_and_sent() {
    fn check<T: Send + Sync + 'static>() {}
    check::<BreakerLayer>();
    check::<BreakerService<()>>();
    check::<BreakerFuture<Ready<Result<(), ()>>, fn(&Result<(), ()>) -> Verdict>>();
}

#[test]
fn debug_texts_name_the_breaker() {
    let (world, fake) = (World::new(), Fake::new());
    let layer = BreakerLayer::new(world.breaker.clone());
    let breaker = "breaker: Breaker { name: \"world\", state: Closed }";
    assert_eq!(format!("{layer:?}"), format!("BreakerLayer {{ {breaker}, .. }}"));
    assert_eq!(format!("{:?}", layer.layer(())), format!("BreakerService {{ inner: (), {breaker}, .. }}"));
    assert_eq!(format!("{:?}", layer.layer(fake).call(Script::OK)), "BreakerFuture { .. }");
}
