//! What decisions cost in memory: nothing, once a type's threshold is worked out.

use crate::support::{World, secs};
use sidecar_harness::alloc::{Counting, NOTHING, Tally, assert_allocates_nothing, counted};
use sidecar_sampler::{Anomaly, TypeId};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[track_caller]
fn assert_decisions_allocate_nothing(world: &World, id: TypeId) {
    assert_allocates_nothing(|| {
        black_box(world.sampler.decide(id));
    });
    assert_allocates_nothing(|| {
        black_box(world.sampler.decide_keyed(id, b"a key of some length"));
    });
    assert_allocates_nothing(|| {
        black_box(world.sampler.should_sample("e"));
    });
}

#[test]
fn the_allocator_of_these_tests_counts() {
    let (_kept, tally) = counted(|| Box::new(black_box(0_u64)));
    assert_eq!(tally, Tally { allocations: 1, live_bytes: 8 });
}

#[test]
fn a_decision_allocates_nothing_boosted_or_not_throttled_or_not() {
    let world = World::new();
    let id = world.sampler.intern("e");
    assert_decisions_allocate_nothing(&world, id);
    world.sampler.set_throttle(0.5);
    assert_decisions_allocate_nothing(&world, id);
    assert!(world.sampler.boost("events", 5.0, secs(10)));
    assert_decisions_allocate_nothing(&world, id);
    world.advance(secs(10));
    let (_, tally) = counted(|| black_box(world.sampler.decide(id)));
    assert_eq!((tally, world.rate("e")), (NOTHING, 0.05), "nor does the one that finds the boost over");
    assert_decisions_allocate_nothing(&world, id);
}

#[test]
fn an_anomaly_that_begins_no_boost_allocates_nothing() {
    let world = World::new();
    assert!(world.errors("events", 5));
    world.errors("events", 5);
    assert_allocates_nothing(|| {
        world.sampler.report_anomaly("events", Anomaly::Slow);
    });
}
