//! OpenMetrics text, version 1.0.
//!
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use super::escape::push_escaped;
use super::out::Out;
use super::sample::{Samples, Style};
use super::text::push_header;
use crate::gather::{Joined, find};
use crate::kind::Kind;
use crate::names::histogram_base;
use std::collections::HashSet;

pub(super) fn render(metrics: &[Joined], created: bool, out: &mut Out<'_>) {
    let counters = counter_families(metrics);
    for metric in metrics {
        let name = &*metric.name;
        let (title, word) = match metric.kind {
            // A counter's samples end in `_total`, which its family's name leaves out.
            Kind::Counter if counters.contains(name) => (stem(name), "counter"),
            // Another name would be a counter's only if it changed, so the type gives way.
            Kind::Counter => (name, "unknown"),
            kind => (name, kind.as_str()),
        };
        push_header(out.line(), "HELP", title);
        push_escaped(out.line(), &metric.help, true);
        out.end_line();
        push_header(out.line(), "TYPE", title);
        out.line().push_str(word);
        out.end_line();
        push_unit(out, title, metric);
        // What only a counter or a histogram may have.
        let counts = word == "counter" || word == "histogram";
        let created = if counts && created { Some(title) } else { None };
        // The sum of values below zero, and the count with it, is forbidden: neither could be a counter.
        let style = Style { point_in_bounds: true, strict_sums: true, exemplars: counts, created };
        Samples::write(metric, style, out);
    }
    out.line().push_str("# EOF");
    out.end_line();
}

/// The format allows a unit only if the name ends in it.
fn push_unit(out: &mut Out<'_>, title: &str, metric: &Joined) {
    let word = metric.unit.and_then(|unit| unit.word());
    if let Some(word) = word
        && title.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'))
    {
        push_header(out.line(), "UNIT", title);
        out.line().push_str(word);
        out.end_line();
    }
}

fn stem(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}

/// The counters that can be OpenMetrics counters: those named `x_total` where neither `x` nor `x_created`,
/// which a counter family reserves, is another metric's. Decided in the order of their names.
fn counter_families(metrics: &[Joined]) -> HashSet<&str> {
    let mut reserved = HashSet::new();
    let mut counters = HashSet::new();
    for metric in metrics {
        let (name, base) = (&*metric.name, stem(&metric.name));
        if metric.kind != Kind::Counter || base == name || base.is_empty() {
            continue;
        }
        let wanted = [base.to_owned(), format!("{base}_created")];
        if wanted.iter().any(|name| is_taken(metrics, name) || reserved.contains(name)) {
            continue;
        }
        reserved.extend(wanted);
        counters.insert(name);
    }
    counters
}

/// Whether a metric or a sample has this name.
fn is_taken(metrics: &[Joined], name: &str) -> bool {
    let histogram = histogram_base(name).and_then(|base| find(metrics, base));
    find(metrics, name).is_some() || histogram.is_some_and(|metric| metric.kind == Kind::Histogram)
}
