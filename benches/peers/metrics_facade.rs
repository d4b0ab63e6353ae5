//! metrics with metrics-exporter-prometheus: a facade before a recorder, which is asked for its text, without a
//! listener.

use crate::{BOUNDS, HELP, KEYS, Subject, Tags, family};
use metrics::{
    Counter, Histogram, Label, counter, describe_counter, describe_histogram, histogram, with_local_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub(crate) struct Exporter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    names: Vec<String>,
}

impl Exporter {
    fn new(names: impl Iterator<Item = String>) -> Self {
        // Without buckets a histogram would be a summary, which is something else.
        let builder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("there are some");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        Self { recorder, handle, names: names.collect() }
    }
}

fn labels(tags: &Tags) -> Vec<Label> {
    let label = |(key, value): (&'static str, &&str)| Label::new(key, (*value).to_owned());
    KEYS.into_iter().zip(tags).map(label).collect()
}

impl Subject for Exporter {
    const NAME: &'static str = "metrics + exporter";
    const LOOKUP: &'static str = "counter!, the recorder set before, values as texts of their own";
    type Counter = Counter;
    type Histogram = Histogram;

    fn counters(families: usize) -> Self {
        let exporter = Self::new((0..families).map(|number| family(number) + "_total"));
        exporter.within(|| {
            for name in &exporter.names {
                describe_counter!(name.clone(), HELP);
            }
        });
        exporter
    }

    fn histograms(families: usize) -> Self {
        let exporter = Self::new((0..families).map(family));
        exporter.within(|| {
            for name in &exporter.names {
                describe_histogram!(name.clone(), HELP);
            }
        });
        exporter
    }

    fn add(&self, family: usize, tags: &Tags, n: u64) {
        counter!(self.names[family].clone(), labels(tags)).increment(n);
    }

    fn record(&self, family: usize, tags: &Tags, value: f64) {
        histogram!(self.names[family].clone(), labels(tags)).record(value);
    }

    fn held_counter(&self, tags: &Tags) -> Counter {
        self.within(|| counter!(self.names[0].clone(), labels(tags)))
    }

    fn held_histogram(&self, tags: &Tags) -> Histogram {
        self.within(|| histogram!(self.names[0].clone(), labels(tags)))
    }

    fn add_held(&self, counter: &Counter) {
        counter.increment(1);
    }

    fn record_held(&self, histogram: &Histogram, value: f64) {
        histogram.record(value);
    }

    fn text(&self) -> impl AsRef<[u8]> {
        self.handle.render()
    }

    fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.recorder, work)
    }
}
