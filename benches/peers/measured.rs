//! measured: series in an array, whose place comes from values of labels that are known beforehand.

use crate::{BOUNDS, HELP, Subject, Tags, family, tag_values};
use indexmap::IndexSet;
use measured::metric::MetricFamilyEncoding;
use measured::metric::group::Encoding;
use measured::metric::histogram::Thresholds;
use measured::metric::name::MetricName;
use measured::text::BufferedTextEncoder;
use measured::{CounterVec, HistogramVec, LabelGroup};
use std::cell::RefCell;

#[derive(Clone, Copy, LabelGroup)]
#[label(set = LabelsSet)]
pub(crate) struct Labels {
    #[label(fixed_with = IndexSet<&'static str>)]
    framework: &'static str,
    #[label(fixed_with = IndexSet<&'static str>)]
    suite: &'static str,
    #[label(fixed_with = IndexSet<&'static str>)]
    status: &'static str,
}

fn set() -> LabelsSet {
    let values = |tag| tag_values(tag).into_iter().collect();
    LabelsSet { framework: values(0), suite: values(1), status: values(2) }
}

fn labels([framework, suite, status]: &Tags) -> Labels {
    Labels { framework, suite, status }
}

type Id = measured::metric::LabelId<LabelsSet>;

pub(crate) struct Measured {
    counters: Vec<CounterVec<LabelsSet>>,
    histograms: Vec<HistogramVec<LabelsSet, { BOUNDS.len() }>>,
    names: Vec<String>,
    encoder: RefCell<BufferedTextEncoder>,
}

impl Measured {
    fn new(names: impl Iterator<Item = String>) -> Self {
        let encoder = RefCell::new(BufferedTextEncoder::new());
        Self { counters: Vec::new(), histograms: Vec::new(), names: names.collect(), encoder }
    }
}

impl Subject for Measured {
    const NAME: &'static str = "measured";
    const LOOKUP: &'static str = "CounterVec::inc_by, labels of ten values each that were given beforehand";
    type Counter = Id;
    type Histogram = Id;

    fn counters(families: usize) -> Self {
        let counters = (0..families).map(|_| CounterVec::with_label_set(set())).collect();
        Self { counters, ..Self::new((0..families).map(|number| family(number) + "_total")) }
    }

    fn histograms(families: usize) -> Self {
        let histogram =
            |_| HistogramVec::with_label_set_and_metadata(set(), Thresholds::with_buckets(BOUNDS));
        Self { histograms: (0..families).map(histogram).collect(), ..Self::new((0..families).map(family)) }
    }

    fn add(&self, family: usize, tags: &Tags, n: u64) {
        self.counters[family].inc_by(labels(tags), n);
    }

    fn record(&self, family: usize, tags: &Tags, value: f64) {
        self.histograms[family].observe(labels(tags), value);
    }

    fn held_counter(&self, tags: &Tags) -> Id {
        self.counters[0].with_labels(labels(tags))
    }

    fn held_histogram(&self, tags: &Tags) -> Id {
        self.histograms[0].with_labels(labels(tags))
    }

    fn add_held(&self, counter: &Id) {
        self.counters[0].get_metric(*counter).inc();
    }

    fn record_held(&self, histogram: &Id, value: f64) {
        self.histograms[0].get_metric(*histogram).observe(value);
    }

    fn text(&self) -> impl AsRef<[u8]> {
        let encoder = &mut *self.encoder.borrow_mut();
        for (at, name) in self.names.iter().enumerate() {
            let name = MetricName::try_from_str(name).expect("the names are valid");
            let _ = encoder.write_help(name, HELP);
            let _ = self.counters.get(at).map(|family| family.collect_family_into(name, encoder));
            let _ = self.histograms.get(at).map(|family| family.collect_family_into(name, encoder));
        }
        encoder.finish()
    }
}
