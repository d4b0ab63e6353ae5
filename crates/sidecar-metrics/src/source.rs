//! Metrics that are computed when somebody scrapes.

use crate::buckets;
use crate::error::RegisterError;
use crate::families::{Family, Number, Sample, Value};
use crate::kind::Kind;
use crate::labels::{Key, Labels};
use crate::misuse::Misuse;
use crate::names::{check_name, words};
use crate::unit::Unit;
use sidecar_core::histogram::FixedSnapshot;
use std::sync::Arc;

/// Where a source writes its metrics, whole families at a time.
///
/// A name or tag that the formats do not allow costs that family or sample alone and is counted in
/// [`errors`](crate::MetricsCollector::errors). A family without samples is there, by name, help and kind.
#[derive(Debug)]
pub struct SourceOutput {
    families: Vec<Family>,
    misuse: Arc<Misuse>,
}

impl SourceOutput {
    pub(crate) fn new(misuse: Arc<Misuse>) -> Self {
        Self { families: Vec::new(), misuse }
    }

    pub(crate) fn into_families(self) -> Vec<Family> {
        self.families
    }

    /// Begins a counter; its samples follow.
    pub fn counter(&mut self, name: &str, help: &str) -> NumberFamily<'_> {
        self.numbers(name, help, Kind::Counter)
    }

    /// Begins a gauge; its samples follow.
    pub fn gauge(&mut self, name: &str, help: &str) -> NumberFamily<'_> {
        self.numbers(name, help, Kind::Gauge)
    }

    /// Begins a histogram; its samples follow.
    pub fn histogram(&mut self, name: &str, help: &str) -> HistogramFamily<'_> {
        HistogramFamily { writer: self.begin(name, help, Kind::Histogram) }
    }

    fn numbers(&mut self, name: &str, help: &str, kind: Kind) -> NumberFamily<'_> {
        NumberFamily { writer: self.begin(name, help, kind), is_counter: kind == Kind::Counter }
    }

    fn begin(&mut self, name: &str, help: &str, kind: Kind) -> Writer<'_> {
        let misuse = &*self.misuse;
        if let Err(error) = check_name(name) {
            misuse.count(error);
            return Writer { family: None, misuse };
        }
        let help = if help.is_empty() { words(name).into() } else { help.into() };
        self.families.push(Family { name: name.into(), kind, help, unit: None, samples: Vec::new() });
        Writer { family: self.families.last_mut(), misuse }
    }
}

/// A counter or gauge that a source writes.
#[derive(Debug)]
pub struct NumberFamily<'a> {
    writer: Writer<'a>,
    is_counter: bool,
}

impl NumberFamily<'_> {
    /// Says what the values are measured in. Defaults to nothing; it stands only where nobody registered the name.
    pub fn unit(&mut self, unit: Unit) -> &mut Self {
        self.writer.set_unit(unit);
        self
    }

    /// Adds one series. A counter's value must be zero or more.
    pub fn sample(&mut self, tags: &[(&str, &str)], value: impl Into<Number>) -> &mut Self {
        let value = value.into();
        if self.is_counter && value.as_f64().partial_cmp(&0.0).is_none_or(|order| order.is_lt()) {
            self.writer.misuse.count("a source gave a counter a value below zero, or NaN");
        } else {
            self.writer.push(tags, Value::Number(value));
        }
        self
    }
}

/// A histogram that a source writes.
#[derive(Debug)]
pub struct HistogramFamily<'a> {
    writer: Writer<'a>,
}

impl HistogramFamily<'_> {
    /// Says what the values are measured in. Defaults to nothing; it stands only where nobody registered the name.
    pub fn unit(&mut self, unit: Unit) -> &mut Self {
        self.writer.set_unit(unit);
        self
    }

    /// Adds one series. The snapshot's bounds must be those of a histogram, with one count more than bounds,
    /// whose total fits 64 bits.
    pub fn sample(&mut self, tags: &[(&str, &str)], snapshot: FixedSnapshot) -> &mut Self {
        if is_whole(&snapshot) {
            self.writer.push(tags, Value::Histogram(snapshot));
        } else {
            self.writer.misuse.count("a source gave a histogram whose bounds and counts do not fit");
        }
        self
    }
}

/// Snapshots have public fields, so anything may be in them.
fn is_whole(snapshot: &FixedSnapshot) -> bool {
    buckets::check(&snapshot.bounds).is_ok()
        && snapshot.counts.len() == snapshot.bounds.len() + 1
        && snapshot.counts.iter().try_fold(0u64, |total, count| total.checked_add(*count)).is_some()
}

#[derive(Debug)]
struct Writer<'a> {
    /// `None` if the name was refused: its samples go the same way.
    family: Option<&'a mut Family>,
    misuse: &'a Misuse,
}

impl Writer<'_> {
    fn set_unit(&mut self, unit: Unit) {
        if let Some(family) = &mut self.family {
            family.unit = Some(unit);
        }
    }

    fn push(&mut self, tags: &[(&str, &str)], value: Value) {
        let Some(family) = &mut self.family else { return };
        match labels(&family.name, tags) {
            Ok(labels) => family.samples.push(Sample { labels: Arc::new(labels), value }),
            Err(error) => self.misuse.count(error),
        }
    }
}

fn labels(name: &str, tags: &[(&str, &str)]) -> Result<Labels, RegisterError> {
    let key = Key::new(name, tags);
    key.check_tags()?;
    Ok(Labels::new(&key.tags))
}
