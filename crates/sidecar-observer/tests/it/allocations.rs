//! What an event that is not kept costs in memory: nothing.

use sidecar_harness::alloc::{Counting, Tally, counted};
use sidecar_observer::{Observed, Observer, TypeId, observe};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_allocator_of_these_tests_counts() {
    let (_kept, tally) = counted(|| Box::new(std::hint::black_box(0_u64)));
    assert_eq!(tally, Tally { allocations: 1, live_bytes: 8 });
}

#[test]
fn an_event_that_is_sampled_out_allocates_nothing() {
    let observer = Observer::builder().admit(|_: TypeId| None).start().expect("valid settings");
    let offer = || {
        let by_macro = observe!(observer, "by_macro", text = "x".repeat(100));
        let by_name = observer.observe_with("by_name", |event| event.with("text", "x".repeat(100)));
        assert_eq!((by_macro, by_name), (Observed::SampledOut, Observed::SampledOut));
    };
    // The first of each type gives it a name and a row.
    offer();
    let ((), tally) = counted(|| (0..1_000).for_each(|_| offer()));
    assert_eq!(tally, Tally { allocations: 0, live_bytes: 0 });
    assert_eq!(observer.stats().sampled_out, 2_002);
}
