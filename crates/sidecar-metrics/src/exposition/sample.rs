//! The lines of one series, which the formats have in common.

use super::number::{push_bound, push_float, push_integer, push_number};
use super::out::Out;
use crate::exemplar::{ExemplarSlot, push_seconds};
use crate::families::{Number, Value};
use crate::gather::{Item, Joined};
use crate::handle::Cell;
use sidecar_core::histogram::FixedSnapshot;
use std::sync::Arc;

/// Where the formats differ within a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style<'a> {
    /// Whole bounds as `50.0`.
    pub(super) point_in_bounds: bool,
    /// No sum and count beside values below zero.
    pub(super) strict_sums: bool,
    /// Exemplars behind counters and buckets.
    pub(super) exemplars: bool,
    /// The name to which `_created` is appended, if there is to be such a sample.
    pub(super) created: Option<&'a str>,
}

/// Writes the series of one metric, one after the other, and keeps what they have in common.
pub(super) struct Samples<'a> {
    name: &'a str,
    style: Style<'a>,
    /// `name_bucket{k="v",`, of the series that is being written.
    prefix: String,
    /// The bounds whose texts follow: a source's histograms may have different ones in one family.
    bounds: Arc<[f64]>,
    /// `le="50"} `, the infinite one included.
    ends: Vec<String>,
}

impl<'a> Samples<'a> {
    pub(super) fn write(metric: &'a Joined, style: Style<'a>, out: &mut Out<'_>) {
        let name = &*metric.name;
        let (prefix, bounds, ends) = (String::new(), Arc::default(), Vec::new());
        let mut samples = Self { name, style, prefix, bounds, ends };
        metric.each(|item| samples.push(item, out));
    }

    fn push(&mut self, item: Item<'_>, out: &mut Out<'_>) {
        let labels = item.labels().text();
        match item {
            Item::Registered(series, value) => {
                match (value, &series.cell) {
                    (Value::Number(number), Cell::Counter(counter)) => {
                        self.number(labels, *number, Some(counter.exemplar()), out);
                    }
                    (Value::Number(number), _) => self.number(labels, *number, None, out),
                    (Value::Histogram(snapshot), Cell::Histogram(histogram)) => {
                        self.histogram(labels, snapshot, histogram.exemplars(), out);
                    }
                    (Value::Histogram(snapshot), _) => self.histogram(labels, snapshot, &[], out),
                }
                if let Some(name) = self.style.created {
                    push_name(out.line(), name, "_created", labels);
                    push_seconds(out.line(), series.created);
                    out.end_line();
                }
            }
            Item::Pulled(sample) => match &sample.value {
                Value::Number(number) => self.number(labels, *number, None, out),
                Value::Histogram(snapshot) => self.histogram(labels, snapshot, &[], out),
            },
        }
    }

    fn number(&self, labels: &str, number: Number, exemplar: Option<&ExemplarSlot>, out: &mut Out<'_>) {
        let line = out.line();
        push_name(line, self.name, "", labels);
        push_number(line, number);
        self.push_exemplar(line, exemplar);
        out.end_line();
    }

    fn push_exemplar(&self, line: &mut String, exemplar: Option<&ExemplarSlot>) {
        if self.style.exemplars
            && let Some(slot) = exemplar
        {
            slot.push_to(line);
        }
    }

    /// `exemplars` has one slot per bucket, or none.
    fn histogram(
        &mut self,
        labels: &str,
        snapshot: &FixedSnapshot,
        exemplars: &[ExemplarSlot],
        out: &mut Out<'_>,
    ) {
        self.prepare(labels, &snapshot.bounds);
        let mut total = 0;
        for (at, (end, count)) in self.ends.iter().zip(&snapshot.counts).enumerate() {
            total += count;
            let line = out.line();
            line.push_str(&self.prefix);
            line.push_str(end);
            push_integer(line, total);
            self.push_exemplar(line, exemplars.get(at));
            out.end_line();
        }
        let below_zero = snapshot.bounds.first().is_some_and(|bound| *bound < 0.0);
        if self.style.strict_sums && (below_zero || snapshot.sum < 0.0 || snapshot.sum.is_nan()) {
            return;
        }
        push_name(out.line(), self.name, "_sum", labels);
        push_float(out.line(), snapshot.sum);
        out.end_line();
        push_name(out.line(), self.name, "_count", labels);
        // The total of the buckets just written: `+Inf` and count cannot differ.
        push_integer(out.line(), total);
        out.end_line();
    }

    /// Makes the parts of a bucket's line: its beginning for this series, its end for these bounds.
    fn prepare(&mut self, labels: &str, bounds: &Arc<[f64]>) {
        self.prefix.clear();
        for part in [self.name, "_bucket{", labels, if labels.is_empty() { "" } else { "," }] {
            self.prefix.push_str(part);
        }
        if self.ends.is_empty() || (!Arc::ptr_eq(&self.bounds, bounds) && self.bounds != *bounds) {
            self.bounds = Arc::clone(bounds);
            let all = bounds.iter().copied().chain([f64::INFINITY]);
            self.ends = all.map(|bound| bucket_end(bound, self.style)).collect();
        }
    }
}

fn bucket_end(bound: f64, style: Style<'_>) -> String {
    let mut end = "le=\"".to_owned();
    push_bound(&mut end, bound, style.point_in_bounds && bound.is_finite());
    end.push_str("\"} ");
    end
}

/// `name{labels} `.
fn push_name(line: &mut String, name: &str, suffix: &str, labels: &str) {
    // Once for all parts and a number.
    line.reserve(name.len() + suffix.len() + labels.len() + 32);
    line.push_str(name);
    line.push_str(suffix);
    if !labels.is_empty() {
        line.push('{');
        line.push_str(labels);
        line.push('}');
    }
    line.push(' ');
}
