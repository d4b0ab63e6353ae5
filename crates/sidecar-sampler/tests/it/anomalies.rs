//! Anomalies that boost: how many, how close together, and what holds the next boost off.

use crate::support::{NANO, World, secs};
use sidecar_sampler::{Anomaly, Signal};
use std::time::Duration;

#[test]
fn the_fifth_anomaly_boosts_the_signal_five_times_for_a_minute() {
    let world = World::new();
    assert!(!world.errors("test_events", 4));
    assert_eq!(world.rate("test_end"), 0.1);
    assert!(world.errors("test_events", 1));
    assert_eq!((world.rate("test_end"), world.rate("e"), world.rate("span")), (0.5, 0.1, 0.1));
    world.advance(secs(60) - NANO);
    assert_eq!(world.rate("test_end"), 0.5);
    world.advance(NANO);
    assert_eq!(world.rate("test_end"), 0.1);
}

#[test]
fn the_window_slides() {
    let world = World::new();
    // One every 15 s: the fifth comes when the first is 60 s old, and no longer counts.
    for _ in 0..20 {
        assert!(!world.errors("events", 1));
        world.advance(secs(15));
    }
    let world = World::new();
    for _ in 0..4 {
        assert!(!world.errors("events", 1));
        world.advance(secs(15) - NANO);
    }
    assert!(world.errors("events", 1));
}

#[test]
fn a_type_counts_for_its_signal_and_kinds_count_together() {
    let world = World::new();
    let kinds = [Anomaly::Error, Anomaly::Slow, Anomaly::Other, Anomaly::Slow];
    for (name, kind) in ["test_events", "test_end", "test_start", "tester"].into_iter().zip(kinds) {
        assert!(!world.sampler.report_anomaly(name, kind));
    }
    assert!(!world.sampler.report_anomaly("suite_end", Anomaly::Error), "that is of another signal");
    assert!(world.sampler.report_anomaly("test_end", Anomaly::Slow));
    let counts = world.stats(Signal::TestEvents).anomalies;
    assert_eq!((counts.error, counts.slow, counts.other, counts.total()), (1, 3, 1, 5));
    assert_eq!(world.stats(Signal::Events).anomalies.total(), 1);
}

#[test]
fn neither_during_a_boost_nor_in_its_cool_down_begins_another() {
    let world = World::new();
    assert!(world.errors("events", 5));
    world.advance(secs(59));
    assert!(!world.errors("events", 100));
    world.advance(secs(1));
    assert_eq!(world.rate("e"), 0.1, "it was not prolonged");
    world.advance(secs(60) - NANO);
    assert!(!world.errors("events", 100));
    assert_eq!(world.rate("e"), 0.1);
    world.advance(NANO);
    assert!(world.errors("events", 1), "those of the last minute still count");
    assert_eq!(world.rate("e"), 0.5);
    assert_eq!(world.stats(Signal::Events).boosts, 2);
}

#[test]
fn anomalies_that_began_a_boost_do_not_begin_the_next() {
    let world = World::with(|builder| {
        builder.rate("events", 0.1).boost_duration(Duration::from_millis(1)).boost_cooldown(Duration::ZERO)
    });
    assert!(world.errors("events", 5));
    world.advance(Duration::from_millis(1));
    assert!(world.errors("events", 5));
}

#[test]
fn a_boost_by_hand_is_followed_by_the_cool_down_too() {
    let world = World::new();
    assert!(world.sampler.boost("events", 2.0, secs(10)));
    world.advance(secs(70) - NANO);
    assert!(!world.errors("events", 5));
    world.advance(NANO);
    assert!(world.errors("events", 1));
}

#[test]
fn every_number_can_be_set() {
    let world = World::with(|builder| {
        builder
            .rate("events", 0.1)
            .anomaly_threshold(2)
            .anomaly_window(secs(5))
            .boost_factor(3.0)
            .boost_duration(secs(7))
            .boost_cooldown(secs(11))
    });
    assert!(!world.errors("events", 1));
    world.advance(secs(5));
    assert!(!world.errors("events", 1));
    world.advance(secs(5) - NANO);
    assert!(world.errors("events", 1));
    assert!((world.rate("e") - 0.3).abs() < 1e-12);
    world.advance(secs(7));
    assert_eq!(world.rate("e"), 0.1);
    world.advance(secs(11) - NANO);
    assert!(!world.errors("events", 2));
    world.advance(NANO);
    assert!(world.errors("events", 1));
}

#[test]
fn a_sampler_that_does_not_adapt_counts_and_does_not_boost() {
    let world = World::with(|builder| builder.rate("events", 0.1).adaptive(false));
    assert!(!world.errors("events", 100));
    assert_eq!((world.rate("e"), world.stats(Signal::Events).anomalies.error), (0.1, 100));
    assert!(!world.sampler.stats().adaptive);
    assert!(world.sampler.boost("events", 5.0, secs(1)), "by hand it still goes");
    assert_eq!(world.rate("e"), 0.5);
}

#[test]
fn a_storm_on_every_signal_boosts_each_half_of_the_time_and_never_above_one() {
    let world = World::with(|builder| builder.rate("events", 0.4));
    let types = ["e", "span", "profile", "test_end", "perf", "log"];
    let mut boosted = 0;
    // Two hours, an anomaly of every signal every second.
    for _ in 0..7_200 {
        for event_type in types {
            world.sampler.report_anomaly(event_type, Anomaly::Error);
            let rate = world.rate(event_type);
            assert!(rate == 0.4 || rate == 1.0, "{rate}");
            boosted += u32::from(rate == 1.0);
        }
        world.advance(secs(1));
    }
    assert!(boosted <= 7_200 * 6 / 2, "{boosted}");
    for stats in world.sampler.stats().signals {
        assert_eq!(stats.boosts, 60, "{stats:?}");
        assert_eq!(stats.anomalies.total(), 7_200);
    }
}

#[test]
fn a_clock_that_goes_back_neither_prolongs_a_boost_nor_holds_the_next_one_off() {
    let world = World::new();
    assert!(world.errors("events", 5));
    assert_eq!(world.rate("e"), 0.5);
    world.time.decrement(secs(500));
    assert_eq!(world.rate("e"), 0.1, "it would not end for ten minutes");
    assert!(world.errors("events", 5));
    assert_eq!(world.rate("e"), 0.5);
    world.advance(secs(60));
    assert_eq!(world.rate("e"), 0.1);
}

#[test]
fn a_boost_that_ended_because_the_clock_went_back_does_not_begin_once_more() {
    for change_rates in [false, true] {
        let world = World::new();
        assert!(world.errors("events", 5));
        assert!(world.sampler.boost("test_end", 2.0, secs(60)));
        assert_eq!((world.rate("e"), world.rate("test_end")), (0.5, 0.2));
        world.time.decrement(secs(500));
        if change_rates {
            world.sampler.set_rate("events", 0.1).expect("valid");
        }
        assert_eq!((world.rate("e"), world.rate("test_end")), (0.1, 0.1));
        world.advance(secs(501));
        let stats = world.sampler.stats();
        assert_eq!((stats.signals[0].boost_ends_in, stats.boosted_types.len()), (None, 0));
        assert_eq!((world.rate("e"), world.rate("test_end"), world.rate("test_start")), (0.1, 0.1, 0.1));
    }
}

#[test]
fn anomalies_from_before_a_clock_went_back_do_not_count() {
    let world = World::new();
    assert!(!world.errors("events", 4));
    world.time.decrement(secs(500));
    assert!(!world.errors("events", 4));
    assert!(world.errors("events", 1));
}
