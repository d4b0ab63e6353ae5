//! prometheus: a vector of series behind a lock, which gathers copies to write them down.

use crate::{BOUNDS, HELP, KEYS, Subject, Tags, family};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

pub(crate) struct Prometheus {
    registry: Registry,
    counters: Vec<IntCounterVec>,
    histograms: Vec<HistogramVec>,
}

impl Subject for Prometheus {
    const NAME: &'static str = "prometheus";
    const LOOKUP: &'static str = "IntCounterVec::with_label_values";
    type Counter = prometheus::IntCounter;
    type Histogram = prometheus::Histogram;

    fn counters(families: usize) -> Self {
        let registry = Registry::new();
        let counters = (0..families).map(|number| {
            let opts = Opts::new(family(number) + "_total", HELP);
            let counter = IntCounterVec::new(opts, &KEYS).expect("the names are valid");
            registry.register(Box::new(counter.clone())).expect("no name comes twice");
            counter
        });
        let counters = counters.collect();
        Self { registry, counters, histograms: Vec::new() }
    }

    fn histograms(families: usize) -> Self {
        let registry = Registry::new();
        let histograms = (0..families).map(|number| {
            let opts = HistogramOpts::new(family(number), HELP).buckets(BOUNDS.to_vec());
            let histogram = HistogramVec::new(opts, &KEYS).expect("the names are valid");
            registry.register(Box::new(histogram.clone())).expect("no name comes twice");
            histogram
        });
        let histograms = histograms.collect();
        Self { registry, counters: Vec::new(), histograms }
    }

    fn add(&self, family: usize, tags: &Tags, n: u64) {
        self.counters[family].with_label_values(tags).inc_by(n);
    }

    fn record(&self, family: usize, tags: &Tags, value: f64) {
        self.histograms[family].with_label_values(tags).observe(value);
    }

    fn held_counter(&self, tags: &Tags) -> Self::Counter {
        self.counters[0].with_label_values(tags)
    }

    fn held_histogram(&self, tags: &Tags) -> Self::Histogram {
        self.histograms[0].with_label_values(tags)
    }

    fn add_held(&self, counter: &Self::Counter) {
        counter.inc();
    }

    fn record_held(&self, histogram: &Self::Histogram, value: f64) {
        histogram.observe(value);
    }

    fn text(&self) -> impl AsRef<[u8]> {
        TextEncoder::new().encode_to_string(&self.registry.gather()).expect("a string takes everything")
    }
}
