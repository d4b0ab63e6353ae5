//! Joining the registered metrics and those of the sources into one set without contradictions.

use crate::families::{Family, Sample, Value};
use crate::kind::Kind;
use crate::labels::Labels;
use crate::misuse::Misuse;
use crate::names::check_suffixes;
use crate::series::{Series, SeriesList};
use crate::unit::Unit;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// One metric of a reading. Its registered series are not read yet: whoever writes them down needs no copy.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) help: Arc<str>,
    pub(crate) unit: Option<Unit>,
    /// Registered series, if there are any.
    pub(crate) list: Option<Arc<SeriesList>>,
    /// The sources' samples, sorted by tags.
    pub(crate) pulled: Vec<Sample>,
}

/// One series of a metric, wherever it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    Registered(&'a Series, &'a Value),
    Pulled(&'a Sample),
}

impl Item<'_> {
    pub(crate) fn labels(&self) -> &Labels {
        match self {
            Self::Registered(series, _) => &series.labels,
            Self::Pulled(sample) => &sample.labels,
        }
    }
}

impl Joined {
    /// How many series the metric has.
    pub(crate) fn len(&self) -> usize {
        self.list.as_ref().map_or(0, |list| list.len()) + self.pulled.len()
    }

    /// Hands over every series, in the order of their tags. The values of the registered ones are of one step, read
    /// before the first is handed over: `f` runs without a lock.
    pub(crate) fn each(&self, mut f: impl FnMut(Item<'_>)) {
        let mut pulled = self.pulled.iter().peekable();
        let (registered, values) = self.list.as_ref().map(|list| list.read()).unwrap_or_default();
        for (series, value) in registered.iter().zip(&values) {
            while let Some(sample) = pulled.next_if(|sample| sample.labels < series.labels) {
                f(Item::Pulled(sample));
            }
            // One that was registered since the sources were asked stands above theirs.
            let _again = pulled.next_if(|sample| sample.labels == series.labels);
            f(Item::Registered(series, value));
        }
        pulled.for_each(|sample| f(Item::Pulled(sample)));
    }

    /// The metric with the values of this moment.
    pub(crate) fn into_family(self) -> Family {
        let mut samples = Vec::with_capacity(self.pulled.len());
        self.each(|item| {
            samples.push(match item {
                Item::Registered(series, value) => {
                    Sample { labels: Arc::clone(&series.labels), value: value.clone() }
                }
                Item::Pulled(sample) => sample.clone(),
            });
        });
        Family { name: self.name, kind: self.kind, help: self.help, unit: self.unit, samples }
    }
}

impl From<Family> for Joined {
    fn from(Family { name, kind, help, unit, samples }: Family) -> Self {
        Self { name, kind, help, unit, list: None, pulled: samples }
    }
}

/// Adds `pulled` to `registered`, which is sorted by name. What came first stays; what contradicts it is
/// dropped and counted: a family of another kind, a family that would share a sample's name, a series twice.
pub(crate) fn join(mut registered: Vec<Joined>, pulled: Vec<Family>, misuse: &Misuse) -> Vec<Joined> {
    if pulled.is_empty() {
        return registered;
    }
    let mut added: BTreeMap<Arc<str>, Joined> = BTreeMap::new();
    for family in pulled {
        let at = position(&registered, &family.name).ok();
        let first = at.map(|at| &registered[at]).or_else(|| added.get(&family.name));
        if let Some(first) = first.map(|first| first.kind).filter(|first| *first != family.kind) {
            let (name, wanted) = (&family.name, family.kind);
            misuse
                .count(format_args!("a source emitted {name:?} as a {wanted}, but it is a {first} already"));
            continue;
        }
        let kind_of = |name: &str| -> Option<Kind> {
            let at = find(&registered, name);
            at.or_else(|| added.get(name)).map(|metric| metric.kind)
        };
        if first.is_none()
            && let Err(error) = check_suffixes(&family.name, family.kind, kind_of)
        {
            misuse.count(error);
            continue;
        }
        match at {
            Some(at) => registered[at].pulled.extend(family.samples),
            None => match added.entry(Arc::clone(&family.name)) {
                Entry::Occupied(mut first) => first.get_mut().pulled.extend(family.samples),
                Entry::Vacant(entry) => drop(entry.insert(family.into())),
            },
        }
    }
    registered.extend(added.into_values());
    registered.sort_by(|a, b| a.name.cmp(&b.name));
    registered.iter_mut().for_each(|metric| order(metric, misuse));
    registered
}

/// The metric of this name; `sorted` must be sorted by name.
pub(crate) fn find<'a>(sorted: &'a [Joined], name: &str) -> Option<&'a Joined> {
    position(sorted, name).ok().map(|at| &sorted[at])
}

fn position(sorted: &[Joined], name: &str) -> Result<usize, usize> {
    sorted.binary_search_by(|metric| (*metric.name).cmp(name))
}

/// Sorts the sources' samples and drops repetitions. The sort is stable, so the first of equal ones stays.
fn order(metric: &mut Joined, misuse: &Misuse) {
    let Joined { name, list, pulled, .. } = metric;
    let again = || misuse.count(format_args!("a source emitted a series of {name:?} that is there already"));
    if !pulled.is_sorted_by(|a, b| a.labels < b.labels) {
        pulled.sort_by(|a, b| a.labels.cmp(&b.labels));
        pulled.dedup_by(|next, first| {
            let same = next.labels == first.labels;
            if same {
                again();
            }
            same
        });
    }
    if let Some(list) = list
        && !pulled.is_empty()
    {
        let series = list.sorted();
        pulled.retain(|sample| {
            let found = series.binary_search_by(|series| series.labels.cmp(&sample.labels)).is_ok();
            if found {
                again();
            }
            !found
        });
    }
}
