//! Boosts by hand: whom they reach, how far they go, and how they end.

use crate::support::{NANO, World, secs};
use sidecar_sampler::{EventTypes, Signal};
use std::time::Duration;

#[test]
fn a_boost_multiplies_at_most_to_one_and_ends_by_itself() {
    let world = World::new();
    for (factor, expected) in [(2.0, 0.2), (5.0, 0.5), (10.0, 1.0), (1e9, 1.0), (f64::INFINITY, 1.0)] {
        assert!(world.sampler.boost("events", factor, secs(10)));
        assert!((world.rate("e") - expected).abs() < 1e-12, "{factor}");
    }
    let id = world.sampler.intern("e");
    assert_eq!(world.sampler.sample(id).map(|kept| kept.weight()), Some(1.0), "certainty is exact");
    world.advance(secs(10) - NANO);
    assert_eq!(world.rate("e"), 1.0);
    world.advance(NANO);
    assert_eq!(world.rate("e"), 0.1);
}

#[test]
fn what_is_never_kept_stays_so_and_what_is_always_kept_too() {
    let world = World::with(|builder| builder.rate("events", 0.0).rate("traces", 1.0));
    assert!(world.sampler.boost("events", 1_000.0, secs(10)));
    assert!(world.sampler.boost("traces", 1_000.0, secs(10)));
    assert_eq!((world.rate("e"), world.rate("span")), (0.0, 1.0));
}

#[test]
fn a_signal_s_boost_reaches_types_with_a_rate_of_their_own_but_no_other_signal() {
    let world = World::with(|builder| builder.rate("events", 0.1).event_type_rate("mine", 0.05));
    assert!(world.sampler.boost("events", 4.0, secs(10)));
    assert!((world.rate("mine") - 0.2).abs() < 1e-12);
    assert_eq!(world.rate("test_end"), 0.1, "it follows the rate of events, but is none of them");
}

#[test]
fn a_type_s_boost_reaches_that_type_alone() {
    let world = World::new();
    assert!(world.sampler.boost("test_end", 3.0, secs(10)));
    assert!((world.rate("test_end") - 0.3).abs() < 1e-12);
    assert_eq!((world.rate("test_start"), world.stats(Signal::TestEvents).boosts), (0.1, 0));
    world.advance(secs(10));
    assert_eq!(world.rate("test_end"), 0.1);
}

#[test]
fn of_two_boosts_the_larger_counts_and_each_ends_on_its_own() {
    let world = World::new();
    assert!(world.sampler.boost("test_events", 2.0, secs(30)));
    assert!(world.sampler.boost("test_end", 4.0, secs(10)));
    assert_eq!((world.rate("test_end"), world.rate("test_start")), (0.4, 0.2));
    world.advance(secs(10));
    assert_eq!((world.rate("test_end"), world.rate("test_start")), (0.2, 0.2));
    world.advance(secs(20) - NANO);
    assert_eq!((world.rate("test_end"), world.rate("test_start")), (0.2, 0.2));
    world.advance(NANO);
    assert_eq!((world.rate("test_end"), world.rate("test_start")), (0.1, 0.1));

    assert!(world.sampler.boost("test_events", 4.0, secs(10)));
    assert!(world.sampler.boost("test_end", 2.0, secs(30)));
    assert_eq!((world.rate("test_end"), world.rate("test_start")), (0.4, 0.4));
    world.advance(secs(10));
    assert_eq!((world.rate("test_end"), world.rate("test_start")), (0.2, 0.1));
    world.advance(secs(20));
    assert_eq!((world.rate("test_end"), world.rate("test_start")), (0.1, 0.1));
}

#[test]
fn a_new_boost_replaces_the_old_one_whether_shorter_or_longer() {
    let world = World::new();
    assert!(world.sampler.boost("events", 5.0, secs(60)));
    assert_eq!(world.rate("e"), 0.5);
    assert!(world.sampler.boost("events", 2.0, secs(10)));
    assert_eq!(world.rate("e"), 0.2);
    world.advance(secs(10));
    assert_eq!(world.rate("e"), 0.1);
    assert!(world.sampler.boost("events", 2.0, secs(10)));
    assert!(world.sampler.boost("events", 3.0, secs(100)));
    world.advance(secs(100) - NANO);
    assert!((world.rate("e") - 0.3).abs() < 1e-12);
    assert_eq!(world.stats(Signal::Events).boosts, 4);
}

#[test]
fn a_rate_changed_during_a_boost_is_boosted_too() {
    let world = World::new();
    assert!(world.sampler.boost("events", 2.0, secs(10)));
    world.sampler.set_rate("events", 0.25).expect("valid");
    assert_eq!(world.rate("e"), 0.5);
    world.advance(secs(10));
    assert_eq!(world.rate("e"), 0.25);
}

#[test]
fn what_is_no_boost_is_refused() {
    let world = World::new();
    for factor in [f64::NAN, -1.0, 0.0, 0.5, 1.0, f64::NEG_INFINITY] {
        assert!(!world.sampler.boost("events", factor, secs(10)), "{factor}");
    }
    assert!(!world.sampler.boost("events", 5.0, Duration::ZERO));
    assert_eq!((world.rate("e"), world.stats(Signal::Events).boosts), (0.1, 0));
    assert!(world.sampler.boost("events", 5.0, Duration::MAX), "for ever");
    world.advance(secs(1_000_000_000));
    assert_eq!(world.rate("e"), 0.5);
}

#[test]
fn a_type_without_a_place_of_its_own_is_not_boosted() {
    let world = World::with(|builder| builder.names(EventTypes::with_limit(2)).rate("events", 0.1));
    assert!(world.sampler.boost("first", 2.0, secs(10)));
    assert!(!world.sampler.boost("second", 2.0, secs(10)), "every other would be boosted with it");
    assert_eq!((world.rate("first"), world.rate("second")), (0.2, 0.1));
    assert!(world.sampler.boost("_other", 3.0, secs(10)));
    assert!((world.rate("second") - 0.3).abs() < 1e-12);
}

#[test]
fn types_beyond_the_bound_pay_the_boost_of_events() {
    let world = World::with(|builder| builder.names(EventTypes::with_limit(2)).rate("events", 0.1));
    world.rate("first");
    assert!(world.sampler.boost("events", 5.0, secs(10)));
    assert_eq!((world.rate("test_beyond"), world.rate("first")), (0.5, 0.5));
    world.advance(secs(10));
    assert_eq!(world.rate("test_beyond"), 0.1);
}

#[test]
fn boosted_types_are_bounded_and_those_that_ended_make_room() {
    let world = World::new();
    for n in 0..64 {
        assert!(world.sampler.boost(&format!("t{n}"), 2.0, secs(10)));
    }
    assert!(!world.sampler.boost("one more", 2.0, secs(10)));
    assert!(world.sampler.boost("t0", 3.0, secs(20)), "a known one may change");
    assert_eq!(world.sampler.stats().boosted_types.len(), 64);
    world.advance(secs(10));
    assert_eq!(world.sampler.stats().boosted_types.len(), 1);
    assert!(world.sampler.boost("one more", 2.0, secs(10)));
}

#[test]
fn the_clock_is_not_read_unless_a_boost_is_in_force() {
    let world = World::new();
    let id = world.sampler.intern("e");
    assert_eq!(world.sampler.rate(id), 0.1);
    assert!(world.sampler.boost("test_events", 5.0, secs(10)));
    // A clock that goes back ends boosts: were it looked at for this type, the other would end too.
    assert_eq!(world.rate("test_end"), 0.5);
    assert_eq!(world.sampler.rate(id), 0.1);
    world.time.decrement(secs(1));
    assert_eq!(world.sampler.rate(id), 0.1);
    world.time.increment(secs(1));
    assert_eq!(world.rate("test_end"), 0.5);
}
