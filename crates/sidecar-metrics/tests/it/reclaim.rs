//! Idle series give up their room to new ones.

use proptest::prelude::*;
use sidecar_core::Clock;
use sidecar_core::clock::Mock;
use sidecar_metrics::{DEFAULT_IDLE_TIMEOUT, Families, MetricsCollector, OVERFLOW_TAG};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(80);

fn bounded(per_metric: usize, in_all: usize) -> (MetricsCollector, Arc<Mock>) {
    let (clock, hand) = Clock::mock();
    let builder = MetricsCollector::builder().max_series_per_metric(per_metric).max_series(in_all);
    (builder.clock(clock).idle_timeout(TIMEOUT).build().expect("valid bounds"), hand)
}

fn sum(families: &Families, name: &str) -> f64 {
    let samples = families.get(name).map_or(&[][..], |family| family.samples());
    samples.iter().filter_map(|sample| sample.value().as_f64()).sum()
}

#[test]
fn real_traffic_returns_from_the_overflow_series() {
    let (metrics, hand) = bounded(2, 100);
    for user in ["attack-1", "attack-2", "real", "real"] {
        metrics.increment("c_total", &[("user", user)]);
    }
    assert_eq!(metrics.value("c_total", &[OVERFLOW_TAG]), Some(2.0));
    // From here on it is known when a series was used.
    hand.increment(TIMEOUT / 8);
    metrics.increment("c_total", &[("user", "real")]);
    assert_eq!(metrics.value("c_total", &[OVERFLOW_TAG]), Some(3.0));
    hand.increment(TIMEOUT);
    metrics.increment("c_total", &[("user", "attack-2")]);
    metrics.increment("c_total", &[("user", "real")]);
    let families = metrics.families();
    assert_eq!(families.value("c_total", &[("user", "attack-1")]), None);
    assert_eq!(families.value("c_total", &[("user", "attack-2")]), Some(2.0), "in use");
    assert_eq!(families.value("c_total", &[("user", "real")]), Some(1.0));
    assert_eq!((families.value("c_total", &[OVERFLOW_TAG]), sum(&families, "c_total")), (Some(4.0), 7.0));
}

#[test]
fn a_series_that_comes_back_starts_at_zero() {
    let (metrics, hand) = bounded(1, 100);
    metrics.increment_by("c_total", 5, &[("user", "a")]);
    metrics.increment("c_total", &[("user", "b")]);
    assert_eq!(metrics.reclaim(), 0);
    hand.increment(TIMEOUT / 4);
    assert_eq!(metrics.reclaim(), 0, "not idle for long enough");
    hand.increment(TIMEOUT);
    assert_eq!(metrics.reclaim(), 1);
    assert_eq!(metrics.value("c_total", &[("user", "a")]), None);
    metrics.increment("c_total", &[("user", "a")]);
    let families = metrics.families();
    assert_eq!(families.value("c_total", &[("user", "a")]), Some(1.0));
    assert_eq!(sum(&families, "c_total"), 7.0);
}

#[test]
fn without_pressure_nothing_is_taken_out() {
    let (metrics, hand) = bounded(2, 100);
    metrics.increment("c_total", &[("user", "a")]);
    for _ in 0..20 {
        hand.increment(TIMEOUT);
        assert_eq!(metrics.reclaim(), 0);
    }
    metrics.increment("c_total", &[("user", "b")]);
    assert_eq!(metrics.reclaim(), 1, "now the bound is reached, and the first one was idle all the time");
    assert_eq!(metrics.value("c_total", &[("user", "b")]), Some(1.0));
}

/// metrics-rs/metrics#372: an exporter forgets a series whose handle is still held, and what the handle counts from
/// then on is never seen.
#[test]
fn a_held_handle_keeps_its_series_for_ever() {
    let (metrics, hand) = bounded(3, 100);
    let counter = metrics.counter("c_total", &[("user", "held")]).expect("a new name");
    let gauge = metrics.gauge("g", &[("user", "held")]).expect("a new name");
    let histogram = metrics.histogram("h_ms", &[("user", "held")]).expect("a new name");
    for at in 0..50 {
        hand.increment(TIMEOUT);
        let user = at.to_string();
        metrics.increment("c_total", &[("user", &user)]);
        metrics.set_gauge("g", 1.0, &[("user", &user)]);
        metrics.record_histogram("h_ms", 1.0, &[("user", &user)]);
        metrics.reclaim();
    }
    counter.increment_by(7);
    gauge.set(7.0);
    histogram.record(7.0);
    let tags = [("user", "held")];
    assert_eq!((metrics.value("c_total", &tags), metrics.value("g", &tags)), (Some(7.0), Some(7.0)));
    let families = metrics.families();
    let held = families.get("h_ms").and_then(|family| family.sample(&tags)).expect("still there");
    assert_eq!(held.value().as_histogram().map(|own| own.sum), Some(7.0));
    assert_eq!(sum(&families, "c_total"), 57.0);
    // Dropped, it has a whole timeout more.
    metrics.reclaim();
    drop((counter, gauge, histogram));
    assert_eq!(metrics.reclaim(), 0);
    assert_eq!(metrics.value("c_total", &tags), Some(7.0));
    hand.increment(TIMEOUT / 8);
    for user in ["x", "y", "z"] {
        metrics.increment("c_total", &[("user", user)]);
    }
    metrics.reclaim();
    hand.increment(TIMEOUT);
    metrics.reclaim();
    assert_eq!((metrics.value("c_total", &tags), sum(&metrics.families(), "c_total")), (None, 60.0));
}

#[test]
fn buckets_and_sums_move_and_a_gauge_is_gone() {
    let (metrics, hand) = bounded(1, 100);
    for value in [1.0, 30.0] {
        metrics.record_histogram("h_ms", value, &[("user", "a")]);
        metrics.set_gauge("g", value, &[("user", "a")]);
    }
    metrics.record_histogram("h_ms", 400.0, &[("user", "b")]);
    metrics.reclaim();
    hand.increment(TIMEOUT / 8);
    metrics.reclaim();
    hand.increment(TIMEOUT);
    assert_eq!(metrics.reclaim(), 2);
    let families = metrics.families();
    let samples = families.get("h_ms").expect("still a metric").samples();
    let left = samples[0].value().as_histogram().expect("a histogram");
    assert_eq!((samples.len(), left.count(), left.sum), (1, 3, 431.0));
    assert_eq!(families.get("g").map(|family| family.samples().len()), Some(0));
    metrics.set_gauge("g", 2.0, &[("user", "b")]);
    assert_eq!(metrics.value("g", &[("user", "b")]), Some(2.0));
}

#[test]
fn where_the_bound_of_all_is_reached_every_metric_gives_up_what_is_idle() {
    let (metrics, hand) = bounded(100, 4);
    for name in ["a_total", "b_total", "c_total", "d_total"] {
        metrics.increment(name, &[("user", "x")]);
    }
    metrics.increment("a_total", &[("user", "y")]);
    hand.increment(TIMEOUT / 8);
    metrics.increment("a_total", &[("user", "y")]);
    hand.increment(TIMEOUT);
    metrics.increment("d_total", &[("user", "x")]);
    metrics.increment("a_total", &[("user", "y")]);
    let families = metrics.families();
    assert_eq!(families.value("a_total", &[("user", "y")]), Some(1.0));
    assert_eq!(families.value("b_total", &[OVERFLOW_TAG]), Some(1.0));
    assert_eq!(families.value("d_total", &[("user", "x")]), Some(2.0));
}

#[test]
fn it_can_be_switched_off_and_takes_ten_minutes_unless_set() {
    for (timeout, expected) in [(None, 0), (Some(DEFAULT_IDLE_TIMEOUT), 1)] {
        let (clock, hand) = Clock::mock();
        let mut builder = MetricsCollector::builder().max_series_per_metric(1).clock(clock);
        if timeout.is_none() {
            builder = builder.idle_timeout(None);
        }
        let metrics = builder.build().expect("valid bounds");
        metrics.increment("c_total", &[]);
        hand.increment(Duration::from_secs(75));
        assert_eq!(metrics.reclaim(), 0);
        hand.increment(Duration::from_secs(599));
        assert_eq!(metrics.reclaim(), 0);
        hand.increment(Duration::from_secs(1));
        assert_eq!(metrics.reclaim(), expected);
    }
}

#[test]
fn no_reading_sees_a_sum_fall_and_nothing_is_lost_while_series_come_and_go() {
    let (metrics, hand) = bounded(3, 1_000);
    let stop = AtomicBool::new(false);
    const ROUNDS: u64 = 4_000;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let metrics = &metrics;
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let user = ((round / 7 + writer) % 11).to_string();
                        metrics.increment("c_total", &[("user", &user)]);
                        metrics.record_histogram("h_ms", 1.0, &[("user", &user)]);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !stop.load(SeqCst) {
                hand.increment(TIMEOUT / 4);
                metrics.reclaim();
            }
        });
        let mut before = (0.0, 0);
        while !writers.iter().all(|writer| writer.is_finished()) {
            let now = totals(&metrics.families());
            assert!(now.0 >= before.0 && now.1 >= before.1, "{before:?} {now:?}");
            before = now;
        }
        stop.store(true, SeqCst);
    });
    assert_eq!(totals(&metrics.families()), (3.0 * ROUNDS as f64, 3 * ROUNDS));
    assert_eq!(metrics.errors(), 0);
}

/// Sum over the counter's series, and recordings in those of the histogram, of which each says so twice.
fn totals(families: &Families) -> (f64, u64) {
    let samples = families.get("h_ms").map_or(&[][..], |family| family.samples());
    let all = samples.iter().filter_map(|sample| sample.value().as_histogram());
    let recorded = all.inspect(|own| assert_eq!(own.count() as f64, own.sum)).map(|own| own.count()).sum();
    (sum(families, "c_total"), recorded)
}

proptest! {
    #[test]
    fn totals_are_exact_and_bounds_hold_whatever_comes_and_goes(
        per_metric in 1usize..5,
        in_all in 1usize..8,
        steps in prop::collection::vec((0usize..3, 0u8..8, 0u64..100, 0u64..40), 0..200),
    ) {
        let (metrics, hand) = bounded(per_metric, in_all);
        let names = ["a", "b", "c"];
        let mut totals = [0u64; 3];
        for (name, tag, n, seconds) in steps {
            hand.increment(Duration::from_secs(seconds));
            if n == 0 {
                metrics.reclaim();
            }
            metrics.increment_by(names[name], n, &[("tag", &tag.to_string())]);
            if metrics.families().contains_key(names[name]) {
                totals[name] += n;
            }
        }
        let families = metrics.families();
        let mut own_series = 0;
        for (name, total) in names.iter().zip(totals) {
            prop_assert_eq!(sum(&families, name), total as f64);
            let samples = families.get(name).map_or(&[][..], |family| family.samples());
            let own = samples.iter().filter(|sample| sample.tag("overflow").is_none()).count();
            prop_assert!(own <= per_metric);
            own_series += own;
        }
        prop_assert!(own_series <= in_all);
    }
}
