//! Handles, by-name calls, buckets.

use crate::parser::histograms;
use crate::{classic, openmetrics};
use sidecar_metrics::{MetricsCollector, RegisterError, buckets};

#[test]
fn a_handle_and_the_name_are_one_series_whatever_the_order_of_the_tags() {
    let metrics = MetricsCollector::new();
    let counter = metrics.counter("c", &[("a", "1"), ("b", "2")]).expect("a new name");
    counter.clone().increment();
    metrics.increment_by("c", 4, &[("b", "2"), ("a", "1")]);
    assert_eq!((counter.value(), metrics.value("c", &[("b", "2"), ("a", "1")])), (5, Some(5.0)));
    assert_eq!(metrics.value("c", &[("a", "1")]), None);
}

#[test]
fn every_order_of_up_to_eight_tags_and_of_more_is_one_series_beyond_the_bounds_too() {
    let metrics = MetricsCollector::builder().max_series_per_metric(1).build().expect("a valid bound");
    let keys: Vec<String> = (0..12).map(|at| format!("k{at:02}")).collect();
    for count in [2, 3, 8, 9, 12] {
        let name = format!("c{count}_total");
        let mut tags: Vec<(&str, &str)> = keys[..count].iter().map(|key| (&**key, &key[1..])).collect();
        for _ in 0..count {
            metrics.increment(&name, &tags);
            tags.reverse();
            metrics.increment(&name, &tags);
            tags.rotate_left(1);
        }
        assert_eq!(metrics.value(&name, &tags), Some(2.0 * count as f64), "{count} tags");
        // The same keys with the values of others are another series.
        let others: Vec<(&str, &str)> = keys[..count].iter().map(|key| (&**key, "x")).collect();
        metrics.increment(&name, &others);
        assert_eq!(metrics.value(&name, &[("overflow", "true")]), Some(1.0), "{count} tags");
    }
    assert_eq!(metrics.errors(), 0);
}

#[test]
fn a_tag_given_twice_finds_no_series() {
    let metrics = MetricsCollector::new();
    metrics.increment("c", &[("a", "1"), ("b", "2")]);
    for tags in [[("a", "1"), ("a", "1")], [("b", "2"), ("b", "2")], [("a", "2"), ("a", "1")]] {
        let error = metrics.counter("c", &tags).expect_err("twice");
        assert!(matches!(error, RegisterError::DuplicateTagKey { .. }), "{error}");
    }
}

#[test]
fn keys_and_values_are_not_confused() {
    let metrics = MetricsCollector::new();
    let series: [&[(&str, &str)]; 5] =
        [&[], &[("a", "b")], &[("b", "a")], &[("a", "b"), ("c", "a")], &[("a", "bc")]];
    for (at, tags) in series.iter().enumerate() {
        metrics.set_gauge("g", at as f64, tags);
    }
    for (at, tags) in series.iter().enumerate() {
        assert_eq!(metrics.value("g", tags), Some(at as f64), "{tags:?}");
    }
}

#[test]
fn a_tag_with_an_empty_value_is_no_tag() {
    let metrics = MetricsCollector::new();
    metrics.increment_by("requests_total", 5, &[]);
    metrics.increment_by("requests_total", 7, &[("user", "")]);
    let handle = metrics.counter("requests_total", &[("z", ""), ("a", "")]).expect("a name in use");
    assert_eq!(handle.value(), 12);
    metrics.set_gauge("g", 1.0, &[("a", ""), ("k", "v"), ("z", "")]);
    assert_eq!(metrics.value("g", &[("k", "v")]), Some(1.0));
    assert_eq!(metrics.value("g", &[("k", "v"), ("other", "")]), Some(1.0));
    metrics.register_source(|out| {
        out.gauge("pulled", "").sample(&[("k", "v"), ("user", "")], 3);
    });
    for families in [classic(&metrics), openmetrics(&metrics)] {
        let labels: Vec<usize> = families.iter().map(|family| family.samples[0].1.len()).collect();
        assert_eq!((labels, families.iter().all(|family| family.samples.len() == 1)), (vec![1, 1, 0], true));
    }
    assert!(!metrics.export_prometheus().contains("\"\""), "{}", metrics.export_prometheus());
    assert_eq!(metrics.errors(), 0);
}

#[test]
fn the_key_of_a_tag_with_an_empty_value_is_checked_like_any_other() {
    let metrics = MetricsCollector::new();
    let twice: [&[(&str, &str)]; 2] = [&[("k", ""), ("k", "v")], &[("k", ""), ("k", "")]];
    // Before the series is there, and while it is.
    for _ in 0..2 {
        let error = metrics.counter("c", &[("a.b", "")]).expect_err("not a key");
        assert!(matches!(error, RegisterError::InvalidTagKey { .. }), "{error}");
        let error = metrics.counter("c", &[("le", "")]).expect_err("a reserved key");
        assert!(matches!(error, RegisterError::ReservedTagKey { .. }), "{error}");
        for tags in twice {
            let error = metrics.counter("c", tags).expect_err("twice");
            assert!(matches!(error, RegisterError::DuplicateTagKey { .. }), "{error}");
        }
        metrics.increment("c", &[]);
        metrics.increment("c", &[("k", "v")]);
    }
    metrics.register_source(|out| {
        out.gauge("g", "").sample(&[("a.b", "")], 1).sample(&[("k", ""), ("k", "v")], 1);
    });
    let families = metrics.families();
    let left = families.get("g").map(|family| family.samples().len());
    assert_eq!((left, metrics.errors()), (Some(0), 2));
}

#[test]
fn more_tags_than_fit_inline_work_too() {
    let metrics = MetricsCollector::new();
    let keys: Vec<String> = (0..20).map(|at| format!("k{at}")).collect();
    let mut tags: Vec<(&str, &str)> = keys.iter().map(|key| (&**key, "v")).collect();
    metrics.increment("c", &tags);
    tags.reverse();
    metrics.increment("c", &tags);
    assert_eq!(metrics.value("c", &tags), Some(2.0));
}

#[test]
fn a_gauge_is_set_and_moved() {
    let metrics = MetricsCollector::new();
    let gauge = metrics.gauge("g", &[]).expect("a new name");
    assert_eq!(gauge.value(), 0.0);
    gauge.set(2.5);
    gauge.add(-4.0);
    assert_eq!((gauge.value(), metrics.value("g", &[])), (-1.5, Some(-1.5)));
}

#[test]
fn not_a_number_is_an_error_for_a_histogram_and_a_value_for_a_gauge() {
    let metrics = MetricsCollector::new();
    metrics.record_histogram("h", f64::NAN, &[]);
    metrics.histogram("h", &[]).expect("the same histogram").record(f64::NAN);
    assert_eq!(metrics.errors(), 2);
    metrics.set_gauge("g", f64::NAN, &[]);
    assert!(metrics.value("g", &[]).expect("a series").is_nan());
    assert!(metrics.export_prometheus().contains("\ng NaN\n"));
    assert_eq!(metrics.errors(), 2);
}

#[test]
fn default_buckets_fit_the_unit_in_the_name() {
    let metrics = MetricsCollector::new();
    for name in ["a_ms", "b_seconds", "c"] {
        metrics.record_histogram(name, 1.0, &[]);
    }
    let expected = [&buckets::MILLISECONDS, &buckets::SECONDS, &buckets::OTHER];
    for (family, expected) in classic(&metrics).iter().zip(expected) {
        let all = histograms(family).expect("well-formed");
        let bounds: Vec<f64> = all.values().flat_map(|own| &own.buckets).map(|bucket| bucket.0).collect();
        assert_eq!(bounds[..expected.len()], expected[..], "{}", family.name);
        assert_eq!(bounds[expected.len()..], [f64::INFINITY]);
    }
}

#[test]
fn buckets_are_chosen_before_the_first_use() {
    let metrics = MetricsCollector::new();
    metrics.buckets("h", &[1.0, 2.0]).expect("valid");
    metrics.buckets("h", &[5.0, 10.0]).expect("not used yet: the last call stands");
    metrics.record_histogram("h", 7.0, &[]);
    metrics.buckets("h", &[5.0, 10.0]).expect("the same buckets");
    let error = metrics.buckets("h", &[1.0]).expect_err("in use");
    assert_eq!(error, RegisterError::BucketsInUse { name: "h".to_owned() });
    assert!(metrics.export_prometheus().contains("h_bucket{le=\"10\"} 1\n"));
    let too_many: Vec<f64> = (0..=buckets::MAX_BOUNDS).map(|at| at as f64).collect();
    for bad in [&[][..], &[2.0, 1.0], &[f64::INFINITY], &too_many] {
        assert!(matches!(metrics.buckets("i", bad), Err(RegisterError::Buckets { .. })));
    }
    metrics.buckets("i", &too_many[1..]).expect("as many as allowed");
}

#[test]
fn buckets_can_be_set_with_the_bounds() {
    let builder =
        MetricsCollector::builder().buckets("h_ms", [1.0]).buckets("h_ms", [7.0]).buckets("i", vec![1.0]);
    let metrics = builder.build().expect("valid bounds");
    metrics.record_histogram("h_ms", 6.0, &[]);
    assert!(metrics.export_prometheus().contains("h_ms_bucket{le=\"7\"} 1\nh_ms_bucket{le=\"+Inf\"} 1\n"));
    assert!(!metrics.families().contains_key("i"));
}

#[test]
fn handles_outlive_the_collector_and_collectors_do_not_share() {
    let (one, other) = (MetricsCollector::new(), MetricsCollector::new());
    let counter = one.counter("c", &[]).expect("a new name");
    drop(one);
    counter.increment();
    assert_eq!((counter.value(), other.value("c", &[])), (1, None));
}
