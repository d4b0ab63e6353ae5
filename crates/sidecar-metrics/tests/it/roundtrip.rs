//! What is recorded is what a reader finds, for any tags and values.

use crate::parser::{Labels, ParsedFamily, histograms};
use crate::{classic, openmetrics};
use proptest::prelude::*;
use sidecar_metrics::MetricsCollector;
use std::collections::BTreeMap;

/// Name and labels to value; a histogram as its count and sum.
type Model = BTreeMap<(String, Labels), (f64, f64)>;

fn tag_value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\\\\"\nna]{0,6}",
        "[{}=, #\t\r\u{0}]{0,6}",
        Just("\u{2028}\u{feff}\u{1f4a9}".to_owned()),
        Just("\"} 1\n# TYPE x gauge\nx 1".to_owned()),
    ]
}

fn tags() -> impl Strategy<Value = Labels> {
    prop::collection::btree_map("[a-z_][a-z0-9_]{0,3}", tag_value(), 0..5).prop_map(|mut tags| {
        tags.retain(|key, _| key != "le" && !key.starts_with("__"));
        tags
    })
}

/// The kind is in the name, so that any mixture is free of clashes.
fn record() -> impl Strategy<Value = (String, Labels, f64)> {
    ("[cgh]_[a-z]", tags(), prop_oneof![any::<f64>(), 0.0..1e6f64])
}

/// Names that want to be each other's samples or families, and some that are none.
fn name() -> impl Strategy<Value = String> {
    let stems = prop::sample::select(vec!["a", "b", "a_total", "_total", "x:y", "_", "a.b", "1", ""]);
    let endings = ["", "_total", "_count", "_sum", "_bucket", "_created", "_seconds", "_ms", "-"];
    (stems, prop::sample::select(endings.to_vec()), 0..2usize)
        .prop_map(|(stem, ending, times)| stem.to_owned() + &ending.repeat(times))
}

fn read(families: Vec<ParsedFamily>) -> Model {
    let mut model = Model::new();
    for family in families {
        if family.kind == "histogram" {
            for (labels, own) in histograms(&family).expect("checked by the reader") {
                let values = (own.count.unwrap_or(f64::NAN), own.sum.unwrap_or(f64::NAN));
                model.insert((family.name.clone(), labels), values);
            }
            continue;
        }
        for (name, labels, value) in family.samples {
            model.insert((name, labels), (value, 0.0));
        }
    }
    model
}

proptest! {
    #[test]
    fn both_expositions_read_back_as_what_was_recorded(records in prop::collection::vec(record(), 0..30)) {
        let metrics = MetricsCollector::new();
        let mut model = Model::new();
        for (name, labels, value) in records {
            let tags: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (&**key, &**value)).collect();
            let mut read_as = labels.clone();
            read_as.retain(|_, value| !value.is_empty());
            let entry = model.entry((name.clone(), read_as));
            match &name[..1] {
                "c" => {
                    // Small enough that the floats of the model add up exactly.
                    let n = value.abs() as u64 >> 20;
                    metrics.increment_by(&name, n, &tags);
                    entry.or_insert((0.0, 0.0)).0 += n as f64;
                }
                "g" => {
                    metrics.set_gauge(&name, value, &tags);
                    *entry.or_insert((0.0, 0.0)) = (value, 0.0);
                }
                _ => {
                    let value = value.abs().min(1e9);
                    if value.is_nan() {
                        continue;
                    }
                    metrics.record_histogram(&name, value, &tags);
                    let values = entry.or_insert((0.0, 0.0));
                    *values = (values.0 + 1.0, values.1 + value);
                }
            }
        }
        prop_assert_eq!(metrics.errors(), 0);
        // Compared as text, in which NaN equals itself.
        prop_assert_eq!(format!("{:?}", read(classic(&metrics))), format!("{model:?}"));
        prop_assert_eq!(format!("{:?}", read(openmetrics(&metrics))), format!("{model:?}"));
    }

    #[test]
    fn whatever_the_names_what_is_taken_reads_back_and_the_rest_is_nowhere(
        uses in prop::collection::vec((name(), 0..3u8, 0..1_000u32), 0..40),
    ) {
        let metrics = MetricsCollector::new();
        let mut model = Model::new();
        for (name, kind, value) in uses {
            let key = (name.clone(), Labels::new());
            let value = f64::from(value);
            // A refused name changes nothing; what is wrong with it is another test's matter.
            match kind {
                0 => {
                    let Ok(counter) = metrics.counter(&name, &[]) else { continue };
                    counter.increment_by(value as u64);
                    model.entry(key).or_default().0 += value;
                }
                1 => {
                    let Ok(gauge) = metrics.gauge(&name, &[]) else { continue };
                    gauge.set(value);
                    model.insert(key, (value, 0.0));
                }
                _ => {
                    let Ok(histogram) = metrics.histogram(&name, &[]) else { continue };
                    histogram.record(value);
                    let (count, sum) = model.entry(key).or_default();
                    (*count, *sum) = (*count + 1.0, *sum + value);
                }
            }
        }
        // The readers refuse a text in which two samples or two families have one name.
        prop_assert_eq!(&read(classic(&metrics)), &model);
        prop_assert_eq!(&read(openmetrics(&metrics)), &model);
    }
}
