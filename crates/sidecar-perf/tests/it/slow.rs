//! What is slow for its kind.

use crate::support::ms;
use sidecar_perf::{MAX_SLOW_KINDS, SlowDetector};

const MINUTE: u64 = 60_000_000_000;

/// Feeds that many durations, each slow or not as it says.
fn feed(detector: &mut SlowDetector, count: u64, millis: u64, now: u64) -> usize {
    (0..count).filter(|_| detector.is_slow("query", ms(millis), now)).count()
}

#[test]
fn nothing_is_slow_before_a_hundred_are_known() {
    let mut detector = SlowDetector::new();
    assert_eq!(feed(&mut detector, 50, 10, 0) + feed(&mut detector, 50, 1_000_000, 0), 0);
}

#[test]
fn slow_is_above_twice_the_99th_percentile() {
    let mut detector = SlowDetector::new();
    // One in two hundred takes a second: beyond the percentile.
    assert_eq!(
        feed(&mut detector, 199, 10, 0) + feed(&mut detector, 1, 1_000, 0),
        1,
        "the second is slow itself"
    );
    assert_eq!(feed(&mut detector, 10, 20, 0), 0);
    assert_eq!(
        feed(&mut detector, 10, 21, 0),
        10,
        "the percentile is known to 3.2 %, and here at its upper edge"
    );
}

#[test]
fn what_is_usual_now_is_not_slow_any_more() {
    let mut detector = SlowDetector::new();
    feed(&mut detector, 1_000, 10, 0);
    assert_eq!(feed(&mut detector, 1, 10, 5 * MINUTE), 0, "a new period");
    assert_eq!(feed(&mut detector, 500, 100, 5 * MINUTE), 500);
    assert_eq!(feed(&mut detector, 500, 100, 10 * MINUTE), 0);
    assert_eq!(feed(&mut detector, 1, 10, 15 * MINUTE), 0);
    // Of a rare kind what is known stays known.
    assert_eq!(feed(&mut detector, 1, 210, 60 * MINUTE), 1);
}

#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let mut detector = SlowDetector::new();
    feed(&mut detector, 200, 10, 60 * MINUTE);
    assert_eq!(feed(&mut detector, 1, 25, 0), 1);
}

#[test]
fn kinds_are_bounded_and_so_is_the_memory() {
    let mut detector = SlowDetector::new();
    for number in 0..10_000 {
        detector.is_slow(&format!("kind-{number}"), ms(1), 0);
    }
    assert!(detector.bytes() < MAX_SLOW_KINDS * 16_384, "{}", detector.bytes());
    let is_slow = |detector: &mut SlowDetector, millis| detector.is_slow("kind-9999", ms(millis), 0);
    assert!(!(0..200).any(|_| is_slow(&mut detector, 1)) && !is_slow(&mut detector, 1_000));
}
