//! A clock that goes back.

use crate::support::{metrics, monitor, ms};
use sidecar_perf::Completion;

#[test]
fn what_is_known_keeps_its_age_when_the_clock_is_set_back() {
    for is_ticked in [false, true] {
        let (monitor, hand) = monitor(|b| b);
        let tick = || {
            if is_ticked {
                monitor.tick(monitor.clock().now());
            }
        };
        let operation = monitor.operation("work");
        tick();
        operation.record(ms(1), Completion::Success);
        hand.increment(ms(6_000));
        tick();
        assert_eq!(metrics(&monitor, "work").count, 1);

        hand.decrement(ms(900_000));
        tick();
        operation.record(ms(2), Completion::Success);
        assert_eq!(metrics(&monitor, "work").count, 2);
        for _ in 0..10 {
            hand.increment(ms(5_000));
            tick();
            assert_eq!(metrics(&monitor, "work").count, 2);
        }
        for _ in 0..4 {
            hand.increment(ms(5_000));
            tick();
            let _ = metrics(&monitor, "work");
        }
        assert_eq!((metrics(&monitor, "work").count, metrics(&monitor, "work").since_start.count), (0, 2));
    }
}

#[test]
fn a_clock_that_is_set_back_to_its_beginning_stops_nothing() {
    let (monitor, hand) = monitor(|b| b);
    let operation = monitor.operation("work");
    operation.record(ms(1), Completion::Success);
    hand.decrement(ms(1_000_000));
    let next = monitor.tick(monitor.clock().now());
    assert!(next > monitor.clock().now());
    operation.record(ms(1), Completion::Success);
    assert_eq!(metrics(&monitor, "work").count, 2);
    for _ in 0..20 {
        hand.increment(ms(5_000));
        monitor.tick(monitor.clock().now());
    }
    assert_eq!(metrics(&monitor, "work").count, 0);
}

#[test]
fn a_reader_who_was_overtaken_makes_nothing_older() {
    let (monitor, hand) = monitor(|b| b);
    monitor.operation("work").record(ms(1), Completion::Success);
    hand.increment(ms(10_000));
    let now = monitor.clock().now();
    for late in [0, 1, 20_000_000, 4_999_999_999] {
        monitor.tick(now - late);
        monitor.tick(now);
    }
    assert_eq!(metrics(&monitor, "work").since_start.seconds, 10.0);
}
