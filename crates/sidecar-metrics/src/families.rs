//! All metrics as they were at one moment.

use crate::kind::Kind;
use crate::labels::{Key, Labels};
use crate::unit::Unit;
use sidecar_core::histogram::FixedSnapshot;
use std::sync::Arc;

/// Every metric of a collector, its sources included, by name.
///
/// Gathered once, in the same way for reading back and for both expositions.
#[derive(Clone, Debug, Default)]
pub struct Families {
    sorted: Vec<Family>,
}

impl Families {
    /// `sorted` must be sorted by name, each name once.
    pub(crate) fn new(sorted: Vec<Family>) -> Self {
        Self { sorted }
    }

    /// Whether a metric of this name is there.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The metric of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Family> {
        self.sorted.binary_search_by(|family| family.name().cmp(name)).ok().map(|at| &self.sorted[at])
    }

    /// The value of one counter or gauge; `None` if there is no such series, or it is a histogram's.
    #[must_use]
    pub fn value(&self, name: &str, tags: &[(&str, &str)]) -> Option<f64> {
        self.get(name)?.sample(tags)?.value().as_f64()
    }

    /// All metrics, sorted by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Family> {
        self.sorted.iter()
    }

    /// How many metrics there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is no metric.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
}

impl<'a> IntoIterator for &'a Families {
    type Item = &'a Family;
    type IntoIter = std::slice::Iter<'a, Family>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One metric: its name, what it is, and its series.
#[derive(Clone, Debug)]
pub struct Family {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) help: Arc<str>,
    pub(crate) unit: Option<Unit>,
    pub(crate) samples: Vec<Sample>,
}

impl Family {
    /// The name, as it was registered.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it says; the name in words where nobody described it.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Its unit, where somebody described it.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        self.unit
    }

    /// Its series, sorted by tags.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The series with exactly these tags, in any order. One with an empty value counts as absent.
    #[must_use]
    pub fn sample(&self, tags: &[(&str, &str)]) -> Option<&Sample> {
        let key = Key::new(&self.name, tags);
        self.samples.iter().find(|sample| sample.labels.matches(&key.tags))
    }
}

/// One series of a metric and its value.
#[derive(Clone, Debug)]
pub struct Sample {
    pub(crate) labels: Arc<Labels>,
    pub(crate) value: Value,
}

impl Sample {
    /// The tags, sorted by key.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter()
    }

    /// The value of one tag.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// What a series held.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Of a counter or a gauge.
    Number(Number),
    /// Of a histogram.
    Histogram(FixedSnapshot),
}

impl Value {
    /// A counter's or gauge's value; `None` for a histogram.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.as_f64()),
            Self::Histogram(_) => None,
        }
    }

    /// A histogram's buckets and sum; `None` for a number.
    #[must_use]
    pub fn as_histogram(&self) -> Option<&FixedSnapshot> {
        match self {
            Self::Number(_) => None,
            Self::Histogram(snapshot) => Some(snapshot),
        }
    }
}

/// The value of a counter or a gauge. Integers keep all their digits.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// A whole number.
    Integer(u64),
    /// Any number.
    Float(f64),
}

impl Number {
    /// As a float: exact up to 2^53.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        Self::Integer(value as u64)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        u64::try_from(value).map_or(Self::Float(value as f64), Self::Integer)
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}
