//! prometheus-client: families behind one lock each, written down as OpenMetrics.

use crate::{BOUNDS, HELP, KEYS, Subject, Tags, family};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The only labels whose values are known when it runs.
type Labels = Vec<(&'static str, String)>;

type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

pub(crate) struct Client {
    registry: Registry,
    counters: Vec<Family<Labels, Counter>>,
    histograms: Vec<Histograms>,
}

fn labels(tags: &Tags) -> Labels {
    KEYS.into_iter().zip(tags.iter().map(|value| (*value).to_owned())).collect()
}

impl Subject for Client {
    const NAME: &'static str = "prometheus-client";
    const LOOKUP: &'static str = "Family::get_or_create, labels as a vector of texts";
    type Counter = Counter;
    type Histogram = Histogram;

    fn counters(families: usize) -> Self {
        let mut registry = Registry::default();
        let counters = (0..families).map(|number| {
            let counter = Family::default();
            registry.register(family(number), HELP, Family::clone(&counter));
            counter
        });
        let counters = counters.collect();
        Self { registry, counters, histograms: Vec::new() }
    }

    fn histograms(families: usize) -> Self {
        let mut registry = Registry::default();
        let histograms = (0..families).map(|number| {
            let histogram = Histograms::new_with_constructor(|| Histogram::new(BOUNDS));
            registry.register(family(number), HELP, histogram.clone());
            histogram
        });
        let histograms = histograms.collect();
        Self { registry, counters: Vec::new(), histograms }
    }

    fn add(&self, family: usize, tags: &Tags, n: u64) {
        self.counters[family].get_or_create(&labels(tags)).inc_by(n);
    }

    fn record(&self, family: usize, tags: &Tags, value: f64) {
        self.histograms[family].get_or_create(&labels(tags)).observe(value);
    }

    fn held_counter(&self, tags: &Tags) -> Counter {
        self.counters[0].get_or_create_owned(&labels(tags))
    }

    fn held_histogram(&self, tags: &Tags) -> Histogram {
        self.histograms[0].get_or_create_owned(&labels(tags))
    }

    fn add_held(&self, counter: &Counter) {
        counter.inc();
    }

    fn record_held(&self, histogram: &Histogram, value: f64) {
        histogram.observe(value);
    }

    fn text(&self) -> impl AsRef<[u8]> {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes everything");
        text
    }
}
