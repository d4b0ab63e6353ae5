//! What offering an event costs the thread that offers it in memory: nothing, once its lane has room.

use crate::hold;
use sidecar_harness::alloc::{Counting, NOTHING, Tally, assert_allocates_nothing, counted};
use sidecar_harness::{Gate, PATIENCE};
use sidecar_observer::{DropPolicy, Event, Observed, Observer, Reason, TypeId, observe};
use std::time::Duration;

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
    assert_allocates_nothing(offer);
    assert_eq!(observer.stats().sampled_out, 2_002);
}

fn offer(observer: &Observer) -> Observed {
    observe!(observer, "test_end", test_id = "t1", status = "passed", duration_ms = 1234, retry = false)
}

/// Offers a burst while the worker is held up, so that all of it waits at the same time.
fn burst(observer: &Observer) -> Tally {
    let gate = Gate::default();
    let inside = gate.clone();
    let held = observer.on("hold", move |_| inside.enter());
    assert_eq!(observer.observe(Event::new("hold")), Observed::Accepted);
    gate.wait_until_held();
    let ((), tally) = counted(|| (0..1_000).for_each(|_| assert_eq!(offer(observer), Observed::Accepted)));
    gate.open();
    assert_eq!(observer.flush(PATIENCE).waiting, 0);
    assert!(observer.remove(held));
    tally
}

#[test]
fn an_accepted_event_of_four_small_fields_allocates_nothing() {
    let observer = Observer::builder().start().expect("defaults are valid");
    // The buffers that lanes and worker exchange get their room from the first bursts; then it is kept.
    let tallies: Vec<_> = (0..20).map(|_| burst(&observer)).collect();
    assert_eq!(tallies.last(), Some(&NOTHING), "{tallies:?}");
}

#[test]
fn room_for_a_burst_is_given_back_once_nothing_comes() {
    let observer = Observer::builder().start().expect("defaults are valid");
    (0..20).for_each(|_| _ = burst(&observer));
    // How long it takes until nothing has come for a while is up to the machine; a burst must not come meanwhile.
    let made_room = (0..8).any(|doubled| {
        std::thread::sleep(Duration::from_millis(100 << doubled));
        burst(&observer) != NOTHING
    });
    assert!(made_room);
}

#[test]
fn an_event_that_finds_the_queue_full_allocates_nothing() {
    let observer =
        Observer::builder().queue_size(1).drop_policy(DropPolicy::Newest).start().expect("valid settings");
    let gate = hold(&observer, "hold");
    assert_eq!(observer.observe(Event::new("hold")), Observed::Accepted);
    gate.wait_until_held();
    let full = Observed::Dropped(Reason::QueueFull);
    assert_allocates_nothing(|| assert_eq!(offer(&observer), full));
    gate.open();
}
