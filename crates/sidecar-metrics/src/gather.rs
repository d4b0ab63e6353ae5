//! Joining the registered metrics and those of the sources into one set without contradictions.

use crate::families::{Families, Family};
use crate::kind::Kind;
use crate::misuse::Misuse;
use crate::names::check_suffixes;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Adds `pulled` to `registered`, which is sorted by name. What came first stays; what contradicts it is
/// dropped and counted: a family of another kind, a family that would share a sample's name, a series twice.
pub(crate) fn join(mut registered: Vec<Family>, pulled: Vec<Family>, misuse: &Misuse) -> Families {
    let mut added: BTreeMap<Arc<str>, Family> = BTreeMap::new();
    for family in pulled {
        let at = position(&registered, &family.name);
        let first = at.map(|at| &registered[at]).or_else(|| added.get(&family.name));
        if let Some(first) = first.map(Family::kind).filter(|first| *first != family.kind) {
            let (name, wanted) = (&family.name, family.kind);
            misuse
                .count(format_args!("a source emitted {name:?} as a {wanted}, but it is a {first} already"));
            continue;
        }
        let kind_of = |name: &str| -> Option<Kind> {
            let at = position(&registered, name).map(|at| &registered[at]);
            at.or_else(|| added.get(name)).map(Family::kind)
        };
        if first.is_none()
            && let Err(error) = check_suffixes(&family.name, family.kind, kind_of)
        {
            misuse.count(error);
            continue;
        }
        match at {
            Some(at) => registered[at].samples.extend(family.samples),
            None => match added.entry(Arc::clone(&family.name)) {
                Entry::Occupied(mut first) => first.get_mut().samples.extend(family.samples),
                Entry::Vacant(entry) => drop(entry.insert(family)),
            },
        }
    }
    registered.extend(added.into_values());
    registered.sort_by(|a, b| a.name.cmp(&b.name));
    registered.iter_mut().for_each(|family| order(family, misuse));
    Families::new(registered)
}

fn position(sorted: &[Family], name: &str) -> Option<usize> {
    sorted.binary_search_by(|family| family.name().cmp(name)).ok()
}

/// Sorts the series and drops repetitions. The sort is stable, so the first of equal ones stays.
fn order(family: &mut Family, misuse: &Misuse) {
    if family.samples.is_sorted_by(|a, b| a.labels < b.labels) {
        return;
    }
    family.samples.sort_by(|a, b| a.labels.cmp(&b.labels));
    let name = Arc::clone(&family.name);
    family.samples.dedup_by(|again, first| {
        let same = again.labels == first.labels;
        if same {
            misuse.count(format_args!("a source emitted a series of {name:?} that is there already"));
        }
        same
    });
}
