//! What to look at when series were refused.

use crate::series::SeriesList;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A metric that had no room for some of its series: who they were, as far as constant memory can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverflowReport {
    /// The metric.
    pub name: Arc<str>,
    /// How often a series was refused: values recorded by name, and handles.
    pub refusals: u64,
    /// About how many different series that were: an estimate with a standard error of 6.5 percent.
    pub distinct: u64,
    /// How many series it has at this moment, its overflow series not counted.
    pub kept: usize,
    /// The tag keys of the kept series and how many values each has among them; those with most values first.
    pub tags: Vec<TagSpread>,
}

/// A tag key and the number of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TagSpread {
    /// The key.
    pub key: String,
    /// How many different values it has.
    pub values: usize,
}

impl OverflowReport {
    pub(crate) fn new(name: Arc<str>, refusals: u64, distinct: u64, list: &SeriesList) -> Self {
        let series = list.kept();
        let mut spreads: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
        for (key, value) in series.iter().flat_map(|series| series.labels.iter()) {
            spreads.entry(key).or_default().insert(value);
        }
        let spread =
            |(key, values): (&str, HashSet<&str>)| TagSpread { key: key.to_owned(), values: values.len() };
        let mut tags: Vec<TagSpread> = spreads.into_iter().map(spread).collect();
        // Stable: keys with equally many values stay in the order of the alphabet.
        tags.sort_by_key(|tag| std::cmp::Reverse(tag.values));
        Self { name, refusals, distinct, kept: series.len(), tags }
    }
}
