//! The collector behind the `metrics` facade.

use proptest::prelude::*;
use sidecar_harness::alloc::assert_allocates_nothing;
use sidecar_metrics::metrics::{self, with_local_recorder};
use sidecar_metrics::{AlreadyInstalled, Kind, MetricsCollector, OVERFLOW_TAG, Unit};
use std::sync::Barrier;

fn recorded(work: impl FnOnce()) -> MetricsCollector {
    let collector = MetricsCollector::new();
    with_local_recorder(&collector.recorder(), work);
    collector
}

#[test]
fn every_operation_arrives() {
    let collector = recorded(|| {
        metrics::counter!("c_total", "user" => "a").increment(3);
        metrics::counter!("c_total", "user" => "a").absolute(10);
        metrics::counter!("c_total", "user" => "a").absolute(4);
        metrics::counter!("c_total", "user" => "a").increment(1);
        let gauge = metrics::gauge!("g");
        gauge.set(5.0);
        gauge.increment(2.5);
        gauge.decrement(10.0);
        let histogram = metrics::histogram!("h_ms");
        histogram.record(3.0);
        histogram.record_many(30.0, 1_000_000_000_000);
        histogram.record_many(30.0, 0);
        metrics::describe_counter!("c_total", metrics::Unit::Count, "Things");
        metrics::describe_gauge!("g", metrics::Unit::Bytes, "Held");
        metrics::describe_histogram!("h_ms", metrics::Unit::Milliseconds, "Took");
        metrics::describe_histogram!("h_ms", "Took so long");
        metrics::describe_histogram!("h_ms", metrics::Unit::Nanoseconds, "");
    });
    let families = collector.families();
    assert_eq!(
        (families.value("c_total", &[("user", "a")]), families.value("g", &[])),
        (Some(11.0), Some(-2.5))
    );
    let histogram = families.get("h_ms").and_then(|family| family.sample(&[])).expect("recorded");
    let histogram = histogram.value().as_histogram().expect("a histogram");
    assert_eq!((histogram.count(), histogram.sum), (1_000_000_000_001, 3.0 + 30e12));
    let said: Vec<_> = families.iter().map(|family| (family.kind(), family.unit(), family.help())).collect();
    assert_eq!(
        said,
        [
            (Kind::Counter, Some(Unit::Count), "Things"),
            (Kind::Gauge, Some(Unit::Bytes), "Held"),
            (Kind::Histogram, Some(Unit::Milliseconds), "Took so long"),
        ]
    );
    assert_eq!(collector.errors(), 0);
}

#[test]
fn names_and_keys_that_differ_never_become_one_series() {
    let collector = recorded(|| {
        for (name, value) in [("a.b", 5.0), ("a_b", 7.0), ("a-b", 9.0), ("U__a_2e_b", 11.0)] {
            metrics::gauge!(name).set(value);
        }
        metrics::gauge!("g", "a.b" => "1", "a_b" => "2", "le" => "3").set(1.0);
    });
    let families = collector.families();
    let values: Vec<_> = ["U__a_2e_b", "a_b", "U__a_2d_b", "U__U____a__2e__b"]
        .iter()
        .map(|name| families.value(name, &[]))
        .collect();
    assert_eq!(values, [Some(5.0), Some(7.0), Some(9.0), Some(11.0)]);
    assert_eq!(families.value("g", &[("U__a_2e_b", "1"), ("a_b", "2"), ("U__le", "3")]), Some(1.0));
    crate::classic(&collector);
    crate::openmetrics(&collector);
    assert_eq!((families.len(), collector.errors()), (5, 0));
}

#[test]
fn what_cannot_be_is_counted_and_dropped() {
    let long = "x".repeat(300);
    let collector = recorded(|| {
        metrics::counter!("x").increment(1);
        metrics::gauge!("x").set(5.0);
        metrics::histogram!("x").record(5.0);
        metrics::counter!("twice", "k" => "1", "k" => "2").increment(1);
        metrics::counter!(long).increment(1);
        metrics::histogram!("h").record(f64::NAN);
        metrics::histogram!("h").record_many(f64::NAN, 3);
    });
    assert_eq!((collector.errors(), collector.value("x", &[])), (6, Some(1.0)));
    assert_eq!(collector.families().len(), 2);
}

#[test]
fn the_bound_holds_for_labels_of_an_attacker() {
    let collector = MetricsCollector::builder().max_series_per_metric(10).build().expect("a valid bound");
    with_local_recorder(&collector.recorder(), || {
        for at in 0..1_000 {
            metrics::counter!("c_total", "user" => format!("{at}")).increment(1);
        }
    });
    let families = collector.families();
    assert_eq!(families.get("c_total").map(|family| family.samples().len()), Some(11));
    assert_eq!(families.value("c_total", &[OVERFLOW_TAG]), Some(990.0));
}

#[test]
fn finding_a_series_allocates_nothing_beside_what_the_macro_does() {
    let collector = MetricsCollector::new();
    let recorder = collector.recorder();
    let key = metrics::Key::from_static_labels("c_total", &LABELS);
    static LABELS: [metrics::Label; 2] =
        [metrics::Label::from_static_parts("user", "a"), metrics::Label::from_static_parts("code", "200")];
    let metadata = metrics::Metadata::new("here", metrics::Level::INFO, None);
    let call = || metrics::Recorder::register_counter(&recorder, &key, &metadata).increment(1);
    (0..99).for_each(|_| call());
    assert_allocates_nothing(call);
}

#[test]
fn many_tests_at_once_have_a_collector_each() {
    const TESTS: u64 = 64;
    let barrier = Barrier::new(TESTS as usize);
    std::thread::scope(|scope| {
        for test in 0..TESTS {
            let barrier = &barrier;
            scope.spawn(move || {
                let collector = recorded(|| {
                    barrier.wait();
                    (0..100).for_each(|_| metrics::counter!("c_total").increment(test));
                });
                assert_eq!(collector.value("c_total", &[]), Some(100.0 * test as f64));
                assert_eq!(collector.families().len(), 1);
            });
        }
    });
}

#[test]
fn a_handle_outlives_the_collector_and_keeps_its_series() {
    let collector = MetricsCollector::new();
    let counter = with_local_recorder(&collector.recorder(), || metrics::counter!("c_total"));
    counter.increment(2);
    assert_eq!(collector.value("c_total", &[]), Some(2.0));
    drop(collector);
    counter.increment(1);
}

/// The one test of this process that installs a recorder.
#[test]
fn one_collector_is_installed_and_the_others_go_on() {
    let (installed, other) = (MetricsCollector::new(), MetricsCollector::new());
    let before = metrics::counter!("only_global_total");
    installed.install_global().expect("no other test does this");
    for again in [&other, &installed] {
        let error: AlreadyInstalled = again.install_global().expect_err("there can be only one");
        assert!(error.to_string().contains("already"), "{error}");
    }
    before.increment(100);
    metrics::counter!("only_global_total").increment(1);
    std::thread::scope(|scope| {
        scope.spawn(|| metrics::counter!("only_global_total").increment(1));
    });
    other.increment("only_global_total", &[]);
    assert_eq!(installed.value("only_global_total", &[]), Some(2.0), "made before, a handle records nothing");
    assert_eq!(other.value("only_global_total", &[]), Some(1.0));
}

proptest! {
    #[test]
    fn distinct_keys_are_distinct_series(names in prop::collection::btree_set("[aU_.:-]{1,5}|\\PC{1,5}", 1..20)) {
        let collector = recorded(|| {
            for (at, name) in names.iter().enumerate() {
                metrics::gauge!(name.clone()).set(at as f64);
                metrics::gauge!("labelled", name.clone() => "v").set(at as f64);
            }
        });
        prop_assert_eq!(collector.errors(), 0);
        let families = collector.families();
        prop_assert_eq!(families.len(), names.len() + usize::from(!names.contains("labelled")));
        prop_assert_eq!(families.get("labelled").map(|family| family.samples().len()), Some(names.len()));
    }
}
