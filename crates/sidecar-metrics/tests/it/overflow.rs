//! Bounds on series, and exact totals beyond them.

use crate::parser::histograms;
use crate::{classic, openmetrics};
use proptest::prelude::*;
use sidecar_metrics::{MAX_TAG_BYTES, MetricsCollector, OVERFLOW_TAG, RegisterError};

fn bounded(per_metric: usize, in_all: usize) -> MetricsCollector {
    let builder = MetricsCollector::builder().max_series_per_metric(per_metric).max_series(in_all);
    builder.build().expect("valid bounds")
}

fn series(metrics: &MetricsCollector, name: &str) -> usize {
    metrics.families().get(name).map_or(0, |family| family.samples().len())
}

#[test]
fn beyond_the_bound_of_a_metric_values_go_to_its_overflow_series() {
    let metrics = bounded(2, 100);
    for user in ["a", "b", "c", "d", "c"] {
        metrics.increment("requests_total", &[("user", user)]);
    }
    metrics.increment("requests_total", &[("user", "a")]);
    let expected = "\
requests_total{overflow=\"true\"} 3
requests_total{user=\"a\"} 2
requests_total{user=\"b\"} 1
";
    assert!(metrics.export_prometheus().ends_with(expected), "{}", metrics.export_prometheus());
    assert_eq!(metrics.errors(), 0, "overflow is no error");
    metrics.increment("other_total", &[("user", "c")]);
    assert_eq!(metrics.value("other_total", &[("user", "c")]), Some(1.0), "other metrics are not touched");
}

#[test]
fn overflowing_metrics_are_named() {
    let metrics = bounded(1, 100);
    metrics.increment("b_total", &[("user", "a")]);
    metrics.increment("a_total", &[("user", "a")]);
    assert!(metrics.overflowing().is_empty());
    metrics.increment("b_total", &[("user", "b")]);
    assert_eq!(metrics.overflowing().iter().map(|name| &**name).collect::<Vec<_>>(), ["b_total"]);
}

#[test]
fn the_report_names_the_worst_metric_and_its_worst_tag_first() {
    let metrics = bounded(50, 1_000);
    for at in 0..2_000 {
        let (user, code) = (at.to_string(), (at % 7).to_string());
        metrics.increment("bad_total", &[("code", &code), ("user", &user), ("zone", "a")]);
        metrics.increment("bad_total", &[("code", &code), ("user", &user), ("zone", "a")]);
        metrics.increment("good_total", &[("code", &code)]);
        if at < 60 {
            metrics.set_gauge("middling", 1.0, &[("user", &user)]);
        }
    }
    metrics.increment("good_total", &[OVERFLOW_TAG]);
    let report = metrics.overflow_report();
    let names: Vec<&str> = report.iter().map(|metric| &*metric.name).collect();
    assert_eq!(names, ["bad_total", "middling"], "whoever asks for the overflow series is not refused");
    let spread: Vec<_> = report[0].tags.iter().map(|tag| (&*tag.key, tag.values)).collect();
    assert_eq!(spread, [("user", 50), ("code", 7), ("zone", 1)]);
    assert_eq!((report[0].refusals, report[0].kept), (2 * 1_950, 50));
    // The hash has another key in each run: five times the standard error and more.
    assert!((1_200..=2_700).contains(&report[0].distinct), "{}", report[0].distinct);
    assert!((1..=30).contains(&report[1].distinct) && report[1].refusals == 10, "{:?}", report[1]);
}

#[test]
fn beyond_the_bound_in_all_every_metric_has_an_overflow_series() {
    let metrics = bounded(100, 3);
    for user in ["a", "b"] {
        metrics.increment("one", &[("user", user)]);
        metrics.increment("two", &[("user", user)]);
        metrics.increment("three", &[("user", user)]);
    }
    let total: usize = metrics.families().iter().map(|family| family.samples().len()).sum();
    assert_eq!(total, 3 + 3);
    assert_eq!(metrics.value("one", &[OVERFLOW_TAG]), Some(1.0));
    assert_eq!(metrics.value("two", &[OVERFLOW_TAG]), Some(1.0));
    assert_eq!(metrics.value("three", &[OVERFLOW_TAG]), Some(1.0));
    assert_eq!(metrics.errors(), 0);
}

#[test]
fn there_are_no_more_metrics_than_series_in_all() {
    let metrics = bounded(10, 2);
    metrics.increment("one", &[]);
    metrics.increment("two", &[]);
    let error = metrics.counter("three", &[]).expect_err("one too many");
    assert_eq!(error, RegisterError::TooManyMetrics { name: "three".to_owned(), limit: 2 });
    metrics.increment("three", &[]);
    metrics.describe("four", sidecar_metrics::Unit::Count, "help");
    assert_eq!((metrics.errors(), metrics.families().len()), (2, 2));
    metrics.increment("one", &[]);
    assert_eq!(metrics.value("one", &[]), Some(2.0));
}

#[test]
fn a_handle_beyond_the_bound_is_the_overflow_series() {
    let metrics = bounded(1, 10);
    metrics.increment("c", &[]);
    let late = metrics.counter("c", &[("k", "late")]).expect("never an error");
    let later = metrics.counter("c", &[("k", "later")]).expect("never an error");
    late.increment();
    later.increment();
    assert_eq!((late.value(), metrics.value("c", &[OVERFLOW_TAG])), (2, Some(2.0)));
}

#[test]
fn histograms_overflow_with_exact_buckets_and_gauges_keep_the_last_value() {
    let metrics = bounded(1, 10);
    metrics.buckets("h", &[1.0, 2.0]).expect("valid");
    for (user, value) in [("a", 0.5), ("b", 1.5), ("c", 9.0)] {
        metrics.record_histogram("h", value, &[("user", user)]);
        metrics.set_gauge("g", value, &[("user", user)]);
    }
    let families = classic(&metrics);
    let all = histograms(&families[1]).expect("well-formed");
    let overflow = &all[&[("overflow".to_owned(), "true".to_owned())].into()];
    assert_eq!(overflow.buckets, [(1.0, 0.0), (2.0, 1.0), (f64::INFINITY, 2.0)]);
    assert_eq!((overflow.sum, overflow.count), (Some(10.5), Some(2.0)));
    assert_eq!(metrics.value("g", &[OVERFLOW_TAG]), Some(9.0));
}

#[test]
fn bad_tags_are_errors_beyond_the_bound_too() {
    let metrics = bounded(1, 10);
    metrics.increment("c", &[("k", "1")]);
    metrics.increment("c", &[("k", "2")]);
    metrics.increment("c", &[("a.b", "3")]);
    metrics.set_gauge("c", 7.0, &[("k", "4")]);
    assert_eq!((metrics.errors(), metrics.value("c", &[OVERFLOW_TAG])), (2, Some(1.0)));
}

#[test]
fn tags_too_long_to_keep_go_to_the_overflow_series() {
    let metrics = MetricsCollector::new();
    let value = "v".repeat(MAX_TAG_BYTES);
    metrics.increment("c", &[("k", &value[1..])]);
    assert_eq!((series(&metrics, "c"), metrics.value("c", &[OVERFLOW_TAG])), (1, None));
    metrics.increment("c", &[("k", &value)]);
    metrics.increment("c", &[("k", &value), ("l", "")]);
    assert_eq!((series(&metrics, "c"), metrics.value("c", &[OVERFLOW_TAG])), (2, Some(2.0)));
    assert_eq!(metrics.errors(), 0);
}

#[test]
fn the_overflow_series_can_be_asked_for_and_is_still_one() {
    let metrics = bounded(1, 10);
    metrics.increment("c", &[OVERFLOW_TAG]);
    metrics.increment("c", &[("k", "fits")]);
    metrics.increment("c", &[("k", "does not")]);
    assert_eq!(metrics.value("c", &[OVERFLOW_TAG]), Some(2.0));
    assert_eq!((series(&metrics, "c"), openmetrics(&metrics)[0].samples.len()), (2, 2));
}

proptest! {
    #[test]
    fn totals_are_exact_and_bounds_hold_for_any_keys(
        per_metric in 1usize..6,
        in_all in 1usize..12,
        calls in prop::collection::vec((0usize..4, 0u8..12, 0u64..1_000), 0..200),
    ) {
        let metrics = bounded(per_metric, in_all);
        let names = ["a", "b", "c", "d"];
        let mut totals = [0u64; 4];
        let mut used = Vec::new();
        for (name, tag, n) in calls {
            metrics.increment_by(names[name], n, &[("tag", &tag.to_string())]);
            if !used.contains(&name) && used.len() < in_all {
                used.push(name);
            }
            if used.contains(&name) {
                totals[name] += n;
            }
        }
        let families = metrics.families();
        let mut own_series = 0;
        for (name, total) in names.iter().zip(totals) {
            let samples = families.get(name).map_or(&[][..], |family| family.samples());
            let sum: f64 = samples.iter().filter_map(|sample| sample.value().as_f64()).sum();
            prop_assert_eq!(sum, total as f64);
            let own = samples.iter().filter(|sample| sample.tag("overflow").is_none()).count();
            prop_assert!(own <= per_metric && samples.len() <= own + 1);
            own_series += own;
        }
        prop_assert!(own_series <= in_all && families.len() <= in_all);
    }
}
