//! OpenMetrics text, version 1.0.
//!
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use super::escape::push_escaped;
use super::text::{Style, push_header, push_sample};
use crate::families::{Families, Family};
use crate::kind::Kind;
use crate::names::histogram_base;
use std::collections::HashSet;

/// OpenMetrics forbids the sum, and with it the count, of values below zero: neither could be a counter.
const STYLE: Style = Style { point_in_bounds: true, strict_sums: true };

pub(crate) fn render(families: &Families) -> String {
    let mut out = String::new();
    let counters = counter_families(families);
    for family in families {
        let name = family.name();
        let (title, kind) = match family.kind() {
            // A counter's samples end in `_total`, which its family's name leaves out.
            Kind::Counter if counters.contains(name) => (stem(name), "counter"),
            // Another name would be a counter's only if it changed, so the type gives way.
            Kind::Counter => (name, "unknown"),
            kind => (name, kind.as_str()),
        };
        push_header(&mut out, "HELP", title);
        push_escaped(&mut out, family.help(), true);
        out.push('\n');
        push_header(&mut out, "TYPE", title);
        out.push_str(kind);
        out.push('\n');
        push_unit(&mut out, title, family);
        for sample in family.samples() {
            push_sample(&mut out, name, sample, STYLE);
        }
    }
    out.push_str("# EOF\n");
    out
}

/// The format allows a unit only if the name ends in it.
fn push_unit(out: &mut String, title: &str, family: &Family) {
    let word = family.unit().and_then(|unit| unit.word());
    if let Some(word) = word
        && title.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'))
    {
        push_header(out, "UNIT", title);
        out.push_str(word);
        out.push('\n');
    }
}

fn stem(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}

/// The counters that can be OpenMetrics counters: those named `x_total` where neither `x` nor `x_created`,
/// which a counter family reserves, is another metric's. Decided in the order of their names.
fn counter_families(families: &Families) -> HashSet<&str> {
    let mut reserved = HashSet::new();
    let mut counters = HashSet::new();
    for family in families {
        let (name, base) = (family.name(), stem(family.name()));
        if family.kind() != Kind::Counter || base == name || base.is_empty() {
            continue;
        }
        let wanted = [base.to_owned(), format!("{base}_created")];
        if wanted.iter().any(|name| is_taken(families, name) || reserved.contains(name)) {
            continue;
        }
        reserved.extend(wanted);
        counters.insert(name);
    }
    counters
}

/// Whether a metric or a sample has this name.
fn is_taken(families: &Families, name: &str) -> bool {
    let histogram = histogram_base(name).and_then(|base| families.get(base));
    families.contains_key(name) || histogram.is_some_and(|family| family.kind() == Kind::Histogram)
}
