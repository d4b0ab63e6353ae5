//! Permits settle once, however they end.

use crate::support::{World, is_refused};
use sidecar_breaker::{
    Breaker, BreakerBuilder, BreakerRegistry, BreakerSnapshot, Dropped, OwnedPermit, Permit, Rejected, State,
    Verdict,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

fn counts(world: &World) -> [u64; 4] {
    let BreakerSnapshot { successes, failures, ignored, late, .. } = world.breaker.snapshot();
    [successes, failures, ignored, late]
}

#[test]
fn each_ending_counts_once() {
    let world = World::new();
    let permit = || world.breaker.try_acquire().expect("closed");
    permit().success();
    assert_eq!(counts(&world), [1, 0, 0, 0]);
    permit().failure();
    assert_eq!(counts(&world), [1, 1, 0, 0]);
    permit().ignore();
    assert_eq!(counts(&world), [1, 1, 1, 0]);
    permit().settle(Verdict::Success);
    assert_eq!(counts(&world), [2, 1, 1, 0]);
    drop(permit());
    assert_eq!(counts(&world), [2, 1, 2, 0]);
}

#[test]
fn a_dropped_permit_can_be_made_to_count_as_a_failure() {
    let world = World::with(|b| b.dropped(Dropped::Failure));
    for _ in 0..5 {
        drop(world.breaker.try_acquire());
    }
    world.expect(State::Open);
    assert_eq!(counts(&world), [0, 5, 0, 0]);
}

#[test]
fn a_permit_dropped_by_a_panic_is_a_failure_whatever_the_setting() {
    let world = World::new();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _permit = world.breaker.try_acquire().expect("closed");
        panic!("in the call");
    }));
    assert!(unwound.is_err());
    assert_eq!(counts(&world), [0, 1, 0, 0]);
}

#[test]
fn a_permit_taken_and_dropped_while_something_else_unwinds_is_only_dropped() {
    struct CleansUp<'a>(&'a Breaker);
    impl Drop for CleansUp<'_> {
        fn drop(&mut self) {
            drop(self.0.try_acquire());
        }
    }
    let world = World::new();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _cleans_up = CleansUp(&world.breaker);
        panic!("elsewhere");
    }));
    assert!(unwound.is_err());
    assert_eq!(counts(&world), [0, 0, 1, 0]);
}

#[test]
fn an_owned_permit_outlives_every_handle_and_settles_on_another_thread() {
    let world = World::new();
    let weakened = world.breaker.clone();
    let permit = weakened.try_acquire_owned().expect("closed");
    drop(weakened);
    thread::spawn(move || permit.failure()).join().expect("no panic");
    assert_eq!(counts(&world), [0, 1, 0, 0]);
    let last = Breaker::builder("gone").build().expect("valid").try_acquire_owned().expect("closed");
    last.success();
}

#[test]
fn an_owned_permit_returns_its_place() {
    let world = World::with(|b| b.half_open_max_calls(1)).due();
    let permit = world.breaker.try_acquire_owned().expect("a probe");
    assert!(is_refused(&world.breaker));
    permit.ignore();
    assert!(!is_refused(&world.breaker));
}

#[test]
fn everything_can_be_shared_and_sent() {
    fn check<T: Send + Sync>() {}
    check::<Breaker>();
    check::<BreakerBuilder>();
    check::<BreakerRegistry>();
    check::<BreakerSnapshot>();
    check::<OwnedPermit>();
    check::<Permit<'_>>();
    check::<Rejected>();
}

#[test]
fn debug_texts_name_the_breaker() {
    let world = World::new();
    let permit = world.breaker.try_acquire().expect("closed");
    assert_eq!(format!("{permit:?}"), "Permit { breaker: \"world\", generation: Some(0) }");
    permit.ignore();
    assert_eq!(format!("{:?}", world.breaker), "Breaker { name: \"world\", state: Closed }");
}
