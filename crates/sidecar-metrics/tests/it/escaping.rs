//! Texts that break scrapes elsewhere.

use crate::parser::{Format, Labels};
use crate::{classic, openmetrics};
use sidecar_metrics::{MetricsCollector, Unit};
use std::collections::BTreeMap;

/// All strings of up to `longest` characters over the alphabet in which escaping goes wrong.
pub(crate) fn short_strings(longest: u32) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut begin = 0;
    for _ in 0..longest {
        let end = all.len();
        for at in begin..end {
            let longer: Vec<String> =
                ['\\', '"', '\n', 'n', 'a'].iter().map(|c| format!("{}{c}", all[at])).collect();
            all.extend(longer);
        }
        begin = end;
    }
    all
}

#[test]
fn every_short_string_survives_as_a_label_value_and_none_merge() {
    let strings = short_strings(6);
    assert_eq!(strings.len(), 19_531);
    let bound = strings.len();
    let metrics = MetricsCollector::builder().max_series_per_metric(bound).max_series(bound).build();
    let metrics = metrics.expect("valid bounds");
    for (at, text) in strings.iter().enumerate() {
        metrics.set_gauge("g", at as f64, &[("text", text)]);
    }
    for families in [classic(&metrics), openmetrics(&metrics)] {
        // The empty string is read as the label's absence.
        let text = |labels: &Labels| labels.get("text").cloned().unwrap_or_default();
        let read: BTreeMap<String, f64> =
            families[0].samples.iter().map(|(_, labels, value)| (text(labels), *value)).collect();
        assert_eq!(read.len(), strings.len());
        for (at, text) in strings.iter().enumerate() {
            assert_eq!(read.get(text), Some(&(at as f64)), "{text:?}");
        }
    }
    assert_eq!(metrics.errors(), 0);
}

#[test]
fn every_short_string_survives_as_help() {
    let metrics = MetricsCollector::new();
    metrics.increment("a_total", &[]);
    for text in short_strings(3).iter().filter(|text| !text.is_empty()) {
        metrics.describe("a_total", Unit::Count, text);
        assert_eq!((&*classic(&metrics)[0].help, &*openmetrics(&metrics)[0].help), (&**text, &**text));
    }
}

#[test]
fn the_reader_of_these_tests_rejects_what_others_render() {
    let broken = [
        "# HELP a a\n# TYPE a counter\na{k=\"v\"v\"} 1\n",
        "# HELP a a\n# TYPE a counter\na{k=\"\\srv\"} 1\n",
        "# HELP a a\n# TYPE a counter\na{k=\"1\",k=\"2\"} 1\n",
        "# HELP a a\n# TYPE a counter\na 1\na 2\n",
        "# HELP a a\n# TYPE a counter\na 1\na{k=\"\"} 2\n",
        "# HELP a a\n# TYPE a counter\na{k=\"\",k=\"2\"} 1\n",
        "# HELP a a\n# TYPE a counter\n# TYPE a gauge\na 1\n",
        "# HELP a a\n# TYPE a counter\na 1\n# HELP a a\n# TYPE a gauge\n",
        "# HELP a a\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
        "# HELP a a\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n",
    ];
    for text in broken {
        assert!(crate::parse(text, Format::Classic).is_err(), "{text}");
    }
}
