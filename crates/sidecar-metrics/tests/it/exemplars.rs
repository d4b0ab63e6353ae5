//! Exemplars: in OpenMetrics, behind counters and buckets.

use crate::parser::{Labels, ParsedExemplar};
use crate::{classic, openmetrics};
use proptest::prelude::*;
use sidecar_metrics::{MAX_EXEMPLAR_CHARS, MetricsCollector};

fn exemplars(metrics: &MetricsCollector) -> Vec<ParsedExemplar> {
    openmetrics(metrics).into_iter().flat_map(|family| family.exemplars).collect()
}

/// Sample name, its `le`, the exemplar's labels in their order, its value.
type Seen = (String, String, Vec<(String, String)>, f64);

fn seen(metrics: &MetricsCollector) -> Vec<Seen> {
    let seen = |own: ParsedExemplar| {
        assert!(own.time.is_some_and(|time| time > 1e9), "{own:?}");
        let le = own.sample.1.get("le").cloned().unwrap_or_default();
        (own.sample.0, le, own.labels.into_iter().collect(), own.value)
    };
    exemplars(metrics).into_iter().map(seen).collect()
}

fn one(name: &str, le: &str, id: &str, value: f64) -> Seen {
    (name.to_owned(), le.to_owned(), vec![("run_id".to_owned(), id.to_owned())], value)
}

#[test]
fn the_latest_of_each_bucket_is_shown_with_its_value_and_time() {
    let metrics = MetricsCollector::new();
    metrics.buckets("h_ms", &[10.0, 100.0]).expect("valid");
    let histogram = metrics.histogram("h_ms", &[]).expect("a new name");
    for (value, id) in [(3.0, "a"), (10.0, "b"), (50.0, "c"), (1e6, "d"), (9.5, "e")] {
        assert!(histogram.record_with_exemplar(value, &[("run_id", id)]));
    }
    histogram.record(4.0);
    let expected = [
        one("h_ms_bucket", "10.0", "e", 9.5),
        one("h_ms_bucket", "100.0", "c", 50.0),
        one("h_ms_bucket", "+Inf", "d", 1e6),
    ];
    assert_eq!(seen(&metrics), expected);
    assert!(metrics.export_openmetrics().contains("h_ms_bucket{le=\"10.0\"} 4 # {run_id=\"e\"} 9.5 1"));
    let text = metrics.export_prometheus();
    assert!(!text.contains("run_id") && text.contains("h_ms_count 6\n"), "{text}");
    classic(&metrics);
}

#[test]
fn the_latest_of_a_counter_is_shown_where_it_is_a_counter() {
    let metrics = MetricsCollector::new();
    for name in ["runs_total", "runs_without_suffix"] {
        let counter = metrics.counter(name, &[("k", "v")]).expect("a new name");
        assert!(counter.increment_with_exemplar(2, &[("run_id", "a")]));
        assert!(counter.increment_with_exemplar(3, &[("run_id", "b")]));
        assert_eq!(counter.value(), 5);
    }
    assert_eq!(seen(&metrics), [one("runs_total", "", "b", 3.0)], "none for what is unknown there");
    classic(&metrics);
}

#[test]
fn what_the_format_does_not_allow_is_left_out_and_the_value_counts_all_the_same() {
    let metrics = MetricsCollector::new();
    let histogram = metrics.histogram("h", &[]).expect("a new name");
    let counter = metrics.counter("c_total", &[]).expect("a new name");
    let long = "é".repeat(MAX_EXEMPLAR_CHARS);
    let refused: [&[(&str, &str)]; 5] =
        [&[("k", &long)], &[("a.b", "v")], &[("", "v")], &[("k", "1"), ("k", "2")], &[("le", "1")]];
    for labels in refused {
        assert!(!histogram.record_with_exemplar(1.0, labels), "{labels:?}");
        assert!(!counter.increment_with_exemplar(1, labels), "{labels:?}");
    }
    assert!(!histogram.record_with_exemplar(f64::NAN, &[("run_id", "a")]));
    assert_eq!((seen(&metrics).len(), metrics.errors()), (0, 1), "NaN is an error as without an exemplar");
    assert_eq!(metrics.value("c_total", &[]), Some(5.0));
    assert!(metrics.export_prometheus().contains("h_count 5\n"));
    let longest = "é".repeat(MAX_EXEMPLAR_CHARS - 1);
    assert!(histogram.record_with_exemplar(1.0, &[("k", &longest)]));
    assert!(counter.increment_with_exemplar(1, &[]), "no labels are allowed");
    assert_eq!(exemplars(&metrics).len(), 2);
}

#[test]
fn there_is_one_per_bucket_however_many_come() {
    let metrics = MetricsCollector::new();
    metrics.buckets("h", &[1.0, 2.0]).expect("valid");
    let histogram = metrics.histogram("h", &[]).expect("a new name");
    for at in 0..1_000 {
        let _ = histogram.record_with_exemplar(f64::from(at % 4), &[("run_id", &at.to_string())]);
    }
    assert_eq!(exemplars(&metrics).len(), 3);
}

proptest! {
    #[test]
    fn labels_and_values_read_back_as_they_were(
        labels in prop::collection::btree_map("[a-z]{1,3}", "[\\\\\"\n #{}=,é]{0,9}", 0..4),
        value in prop_oneof![any::<f64>(), -1e3..1e3f64],
    ) {
        let labels: Labels = labels.into_iter().filter(|(key, _)| key != "le").collect();
        let given: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (&**key, &**value)).collect();
        let metrics = MetricsCollector::new();
        let histogram = metrics.histogram("h", &[]).expect("a new name");
        let is_shown = histogram.record_with_exemplar(value, &given);
        prop_assert_eq!(is_shown, !value.is_nan());
        let read: Vec<_> = exemplars(&metrics).into_iter().map(|own| (own.labels, own.value)).collect();
        prop_assert_eq!(read, if is_shown { vec![(labels, value)] } else { vec![] });
    }
}
