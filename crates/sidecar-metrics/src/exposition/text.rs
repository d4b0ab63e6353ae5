//! The classic text format, version 0.0.4, and what OpenMetrics has in common with it.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use super::escape::push_escaped;
use super::number::{push_bound, push_float, push_integer, push_number};
use crate::families::{Families, Sample, Value};
use sidecar_core::histogram::FixedSnapshot;

pub(crate) fn render(families: &Families) -> String {
    let mut out = String::new();
    for family in families {
        let name = family.name();
        push_header(&mut out, "HELP", name);
        push_escaped(&mut out, family.help(), false);
        out.push('\n');
        push_header(&mut out, "TYPE", name);
        out.push_str(family.kind().as_str());
        out.push('\n');
        for sample in family.samples() {
            push_sample(&mut out, name, sample, Style { point_in_bounds: false, strict_sums: false });
        }
    }
    out
}

/// Where the formats differ within a sample.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Whole bounds as `50.0`.
    pub(super) point_in_bounds: bool,
    /// No sum and count beside values below zero.
    pub(super) strict_sums: bool,
}

/// `# WORD name `.
pub(super) fn push_header(out: &mut String, word: &str, name: &str) {
    for part in ["# ", word, " ", name, " "] {
        out.push_str(part);
    }
}

/// The line or, of a histogram, the lines of one series.
pub(super) fn push_sample(out: &mut String, name: &str, sample: &Sample, style: Style) {
    let labels = sample.labels.text();
    match &sample.value {
        Value::Number(number) => {
            push_name(out, name, "", labels);
            push_number(out, *number);
            out.push('\n');
        }
        Value::Histogram(snapshot) => push_histogram(out, name, labels, snapshot, style),
    }
}

/// `name{labels} `.
fn push_name(out: &mut String, name: &str, suffix: &str, labels: &str) {
    out.push_str(name);
    out.push_str(suffix);
    if !labels.is_empty() {
        out.push('{');
        out.push_str(labels);
        out.push('}');
    }
    out.push(' ');
}

fn push_histogram(out: &mut String, name: &str, labels: &str, snapshot: &FixedSnapshot, style: Style) {
    let bounds = snapshot.bounds.iter().copied().chain([f64::INFINITY]);
    let mut total = 0;
    for (bound, count) in bounds.zip(&snapshot.counts) {
        total += count;
        out.push_str(name);
        out.push_str("_bucket{");
        out.push_str(labels);
        out.push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
        push_bound(out, bound, style.point_in_bounds && bound.is_finite());
        out.push_str("\"} ");
        push_integer(out, total);
        out.push('\n');
    }
    let below_zero = snapshot.bounds.first().is_some_and(|bound| *bound < 0.0);
    if style.strict_sums && (below_zero || snapshot.sum < 0.0 || snapshot.sum.is_nan()) {
        return;
    }
    push_name(out, name, "_sum", labels);
    push_float(out, snapshot.sum);
    out.push('\n');
    push_name(out, name, "_count", labels);
    // The total of the buckets just written: `+Inf` and count cannot differ.
    push_integer(out, total);
    out.push('\n');
}
