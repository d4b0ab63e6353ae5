//! Names that clash: refused, with the first definition named.

use crate::{classic, openmetrics};
use sidecar_metrics::{Kind, MetricsCollector, RegisterError, Unit};

#[test]
fn a_name_used_as_two_kinds_is_an_error_that_names_the_first() {
    let metrics = MetricsCollector::new();
    metrics.counter("jobs", &[]).expect("a new name").increment_by(3);
    let error = metrics.gauge("jobs", &[("other", "tags")]).expect_err("a counter already");
    let (first, wanted) = (Kind::Counter, Kind::Gauge);
    assert_eq!(error, RegisterError::KindClash { name: "jobs".to_owned(), first, wanted });
    assert_eq!(error.to_string(), "\"jobs\" is a counter already and cannot be a gauge too");
    assert!(metrics.histogram("jobs", &[]).is_err());
    assert!(metrics.buckets("jobs", &[1.0]).is_err());
    assert_eq!(metrics.errors(), 0, "an error that is returned is not counted as well");
}

#[test]
fn a_by_name_call_of_another_kind_is_counted_and_dropped() {
    let metrics = MetricsCollector::new();
    metrics.increment_by("jobs", 3, &[]);
    metrics.set_gauge("jobs", 99.0, &[]);
    metrics.record_histogram("jobs", 99.0, &[("new", "tags")]);
    assert_eq!(metrics.errors(), 2);
    assert_eq!(metrics.value("jobs", &[]), Some(3.0));
    assert_eq!(classic(&metrics)[0].samples.len(), 1);
}

#[test]
fn names_that_would_have_to_be_changed_are_refused_instead() {
    let metrics = MetricsCollector::new();
    for bad in ["", "a.b", "a-b", "1a", "a b", "ä"] {
        let error = metrics.counter(bad, &[]).expect_err("not a name");
        assert_eq!(error, RegisterError::InvalidName { name: bad.to_owned() });
        metrics.describe(bad, Unit::Count, "help");
    }
    for bad in ["", "a.b", "a:b", "a-b", "1"] {
        let error = metrics.counter("a", &[(bad, "v")]).expect_err("not a key");
        assert!(matches!(error, RegisterError::InvalidTagKey { .. }), "{error}");
    }
    for taken in ["le", "quantile", "__name__"] {
        let error = metrics.counter("a", &[(taken, "v")]).expect_err("a reserved key");
        assert!(matches!(error, RegisterError::ReservedTagKey { .. }), "{error}");
    }
    metrics.increment("a.b", &[]);
    metrics.increment("a", &[("a.b", "v")]);
    assert_eq!(metrics.errors(), 8, "six descriptions and two increments");
    assert_eq!(metrics.export_prometheus(), "");
}

#[test]
fn a_tag_key_given_twice_is_an_error() {
    let metrics = MetricsCollector::new();
    let error = metrics.counter("a", &[("k", "1"), ("x", "2"), ("k", "1")]).expect_err("twice");
    assert_eq!(error.to_string(), "tag \"k\" is given twice for \"a\"");
}

#[test]
fn a_long_name_is_cut_in_the_error() {
    let error = MetricsCollector::new().counter(&"é".repeat(100_000), &[]).expect_err("not a name");
    assert!(error.to_string().len() < 300, "{error}");
}

#[test]
fn a_metric_named_like_a_histograms_sample_is_refused_in_either_order() {
    for suffix in ["_bucket", "_sum", "_count", "_created"] {
        let name = format!("x{suffix}");
        let metrics = MetricsCollector::new();
        metrics.record_histogram("x", 1.0, &[]);
        let error = metrics.counter(&name, &[]).expect_err("the histogram's sample");
        let (first, first_kind) = ("x".to_owned(), Kind::Histogram);
        assert_eq!(error, RegisterError::SuffixClash { name: name.clone(), first, first_kind });
        assert!(metrics.histogram(&name, &[]).is_err(), "another histogram does not fit there either");

        let metrics = MetricsCollector::new();
        metrics.increment(&name, &[]);
        let error = metrics.histogram("x", &[]).expect_err("its sample is a counter");
        let first_kind = Kind::Counter;
        assert_eq!(error, RegisterError::SuffixClash { name: "x".to_owned(), first: name, first_kind });
        metrics.record_histogram("x", 1.0, &[]);
        assert_eq!((metrics.errors(), metrics.families().len()), (1, 1));
    }
}

#[test]
fn such_a_name_is_free_beside_anything_but_a_histogram() {
    let metrics = MetricsCollector::new();
    metrics.increment("x", &[]);
    metrics.set_gauge("x_count", 1.0, &[]);
    metrics.set_gauge("x_sum", 1.0, &[]);
    assert_eq!((metrics.errors(), classic(&metrics).len(), openmetrics(&metrics).len()), (0, 3, 3));
}
