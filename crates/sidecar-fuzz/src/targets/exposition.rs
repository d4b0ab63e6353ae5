//! Metrics of any names and tags: whatever is recorded, both expositions are read back as what is there.
//!
//! The bytes are records with the separators that ASCII has for them: `1e` between records, `1f` within one.
//! A record is a word, a name, a value, and keys and values of tags in turn.

use crate::targets::exposition::reader::{Format, ParsedFamily, histograms, parse};
use sidecar_metrics::{Family, MetricsCollector, Sample, Unit, Value};
use std::sync::Arc;

/// Written from the formats' specifications, for the tests of the crate itself.
#[path = "../../../sidecar-metrics/tests/it/parser.rs"]
mod reader;

const MAX_SERIES_PER_METRIC: usize = 4;
const MAX_SERIES: usize = 16;

/// A record, in the order of its parts.
struct Record {
    word: String,
    name: String,
    value: String,
    tags: Vec<(String, String)>,
}

pub(super) fn run(bytes: &[u8]) {
    let builder = MetricsCollector::builder().max_series_per_metric(MAX_SERIES_PER_METRIC);
    let metrics = builder.max_series(MAX_SERIES).build().expect("the bounds are in range");
    let records: Vec<_> = bytes.split(|byte| *byte == 0x1e).map(Record::read).collect();
    for record in &records {
        record.apply(&metrics);
    }
    let records = Arc::new(records);
    metrics.register_source(move |out| {
        for record in records.iter().filter(|record| record.word == "pulled") {
            out.gauge(&record.name, &record.value).sample(&record.tags(), record.number());
        }
    });
    check(&metrics);
}

impl Record {
    fn read(bytes: &[u8]) -> Self {
        let mut parts =
            bytes.split(|byte| *byte == 0x1f).map(|part| String::from_utf8_lossy(part).into_owned());
        let mut next = || parts.next().unwrap_or_default();
        let (word, name, value) = (next(), next(), next());
        let mut tags = Vec::new();
        while let Some(key) = parts.next() {
            tags.push((key, parts.next().unwrap_or_default()));
        }
        Self { word, name, value, tags }
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        self.tags.iter().map(|(key, value)| (&**key, &**value)).collect()
    }

    fn number(&self) -> f64 {
        self.value.parse().unwrap_or(1.0)
    }

    fn apply(&self, metrics: &MetricsCollector) {
        let (name, tags) = (&*self.name, &*self.tags());
        match &*self.word {
            "counter" => metrics.increment_by(name, self.value.parse().unwrap_or(1), tags),
            "gauge" => metrics.set_gauge(name, self.number(), tags),
            "histogram" => metrics.record_histogram(name, self.number(), tags),
            "help" => metrics.describe(name, Unit::Seconds, &self.value),
            "bounds" => {
                let bounds: Vec<f64> = tags.iter().filter_map(|(bound, _)| bound.parse().ok()).collect();
                if let Err(error) = metrics.buckets(name, &bounds) {
                    assert!(!error.to_string().is_empty());
                }
            }
            _ => {}
        }
    }
}

fn check(metrics: &MetricsCollector) {
    let families = metrics.families();
    let text = metrics.export_prometheus();
    let classic = parse(&text, Format::Classic).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(classic.len(), families.len());
    for (parsed, family) in classic.iter().zip(&families) {
        assert_eq!((&*parsed.name, &*parsed.help), (family.name(), family.help()));
        assert_eq!(parsed.kind, family.kind().as_str());
        check_series(parsed, family);
    }
    let text = metrics.export_openmetrics();
    let open = parse(&text, Format::OpenMetrics).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(open.len(), families.len());
    for (parsed, family) in open.iter().zip(&families) {
        assert_eq!(parsed.help, family.help());
        check_series(parsed, family);
    }
}

/// Each series is there once, with its tags and its value.
fn check_series(parsed: &ParsedFamily, family: &Family) {
    if parsed.kind == "histogram" {
        let read = histograms(parsed).expect("the reader has checked it");
        assert_eq!(read.len(), family.samples().len());
        for sample in family.samples() {
            let read = read.get(&labels(sample)).expect("the series is there");
            let expected = sample.value().as_histogram().expect("a histogram");
            let last = read.buckets.last().expect("the reader has checked it");
            assert_eq!(last.1, expected.counts.iter().sum::<u64>() as f64);
        }
        return;
    }
    assert_eq!(parsed.samples.len(), family.samples().len());
    for ((name, read, value), sample) in parsed.samples.iter().zip(family.samples()) {
        assert_eq!((&**name, read), (family.name(), &labels(sample)));
        let expected = sample.value().as_f64().expect("a number");
        assert!(
            *value == expected || (value.is_nan() && expected.is_nan()),
            "{name}: {value}, not {expected}"
        );
        assert!(matches!(sample.value(), Value::Number(_)));
    }
}

fn labels(sample: &Sample) -> reader::Labels {
    sample.tags().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
