//! What recording asks of the allocator.

use sidecar_harness::alloc::{Counting, NOTHING, assert_allocates_nothing, counted};
use sidecar_metrics::MetricsCollector;
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TAGS: [(&str, &str); 8] = [
    ("a", "1"),
    ("code", "200"),
    ("d", ""),
    ("method", "GET"),
    ("path", "/api/v1/items/with/a/long/name"),
    ("q", "1234567"),
    ("r", "12345678"),
    ("zone", "a-zone-of-17-bytes"),
];

/// A thread's first calls allocate the cells in which it counts alone. None of the calls after them allocates.
fn assert_allocates_nothing_once_warm(mut call: impl FnMut()) {
    (0..WARM).for_each(|_| call());
    assert_allocates_nothing(call);
}

/// More calls than it takes to have all cells.
const WARM: u64 = 99;

/// Those of [`assert_allocates_nothing_once_warm`], all together.
const CALLS: f64 = (WARM + 1_001) as f64;

#[test]
fn the_allocator_of_these_tests_counts() {
    assert_eq!(counted(|| black_box(vec![0_u8; 10])).1.live_bytes, 10);
}

#[test]
fn recording_by_name_allocates_nothing_whatever_the_order_of_the_tags() {
    let metrics = MetricsCollector::new();
    let mut tags = TAGS;
    for _ in 0..tags.len() {
        tags.rotate_left(1);
        assert_allocates_nothing_once_warm(|| {
            metrics.increment("c_total", black_box(&tags));
            metrics.set_gauge("g", 1.5, black_box(&tags));
            metrics.record_histogram("h_seconds", 0.25, black_box(&tags));
        });
    }
    let families = metrics.families();
    assert!(families.iter().all(|family| family.samples().len() == 1), "{families:?}");
    assert_eq!(families.value("c_total", &TAGS), Some(8.0 * CALLS));
}

#[test]
fn a_value_beyond_the_bounds_allocates_nothing() {
    let metrics = MetricsCollector::builder().max_series_per_metric(1).build().expect("a valid bound");
    metrics.increment("c_total", &[]);
    metrics.record_histogram("h_seconds", 0.1, &[]);
    let values: Vec<String> = (0..100).map(|user| format!("user-{user}")).collect();
    let mut values = values.iter().cycle();
    assert_allocates_nothing_once_warm(|| {
        let user = values.next().expect("it never ends");
        metrics.increment("c_total", &[("user", user)]);
        metrics.record_histogram("h_seconds", 0.1, &[("zone", "b"), ("user", user)]);
    });
    assert_eq!(metrics.families().value("c_total", &[("overflow", "true")]), Some(CALLS));
}

#[test]
fn handles_allocate_nothing() {
    let metrics = MetricsCollector::new();
    let counter = metrics.counter("c_total", &TAGS).expect("a new name");
    let gauge = metrics.gauge("g", &TAGS).expect("a new name");
    let histogram = metrics.histogram("h_seconds", &TAGS).expect("a new name");
    assert_allocates_nothing_once_warm(|| {
        counter.increment();
        gauge.add(1.0);
        histogram.record(0.5);
    });
    assert_eq!((counter.value() as f64, gauge.value()), (CALLS, CALLS));
}

/// What the documentation says under "Cost".
const COUNTER_BYTES: i64 = 340;
const GAUGE_BYTES: i64 = 280;
const HISTOGRAM_BYTES: i64 = 760;

#[test]
fn a_series_costs_as_many_bytes_as_the_documentation_says() {
    const SERIES: i64 = 5_000;
    let values: Vec<String> = (0..SERIES).map(|at| format!("user-{at:05}")).collect();
    let bytes = |record: fn(&MetricsCollector, &[(&str, &str)])| {
        let builder = MetricsCollector::builder().max_series_per_metric(SERIES as usize);
        let metrics = builder.build().expect("a valid bound");
        let fill = || values.iter().for_each(|value| record(&metrics, &[("user", value)]));
        let cost = counted(fill).1.live_bytes / SERIES;
        // Once they are there, they cost nothing more.
        assert_eq!(counted(fill).1.live_bytes / SERIES / 100, 0);
        cost
    };
    let counter = bytes(|metrics, tags| metrics.increment("c_total", tags));
    let gauge = bytes(|metrics, tags| metrics.set_gauge("g", 1.0, tags));
    let histogram = bytes(|metrics, tags| metrics.record_histogram("h_seconds", 0.1, tags));
    let stated = [COUNTER_BYTES, GAUGE_BYTES, HISTOGRAM_BYTES];
    for (cost, stated) in [counter, gauge, histogram].into_iter().zip(stated) {
        assert!((stated / 2..=stated).contains(&cost), "{counter} {gauge} {histogram}");
    }
}

#[test]
fn memory_is_flat_while_nobody_reads() {
    // Ten million recordings in all.
    const EVENTS: u64 = 20_000;
    let metrics = MetricsCollector::builder().max_series_per_metric(50).build().expect("a valid bound");
    let counter = metrics.counter("held_total", &[]).expect("a new name");
    let histogram = metrics.histogram("held_seconds", &[]).expect("a new name");
    let values: Vec<String> = (0..1_000).map(|at| format!("{at}")).collect();
    let mut users = values.iter().cycle();
    let mut by_name = || {
        let user = users.next().expect("it never ends");
        metrics.increment("c_total", &[("user", user)]);
        metrics.record_histogram("h_seconds", 0.1, &[("user", user)]);
        metrics.set_gauge("g", 1.0, &[("user", user)]);
    };
    // Each of the users often enough.
    (0..20 * values.len()).for_each(|_| by_name());
    let mut record = || {
        by_name();
        (0..450).for_each(|_| counter.increment());
        (0..50).for_each(|_| histogram.record(0.1));
    };
    (0..WARM).for_each(|_| record());
    let ((), tally) = counted(|| (0..EVENTS).for_each(|_| record()));
    assert_eq!(tally, NOTHING);
    assert_eq!(counter.value(), 450 * (EVENTS + WARM));
}
