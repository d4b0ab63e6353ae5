//! The classic text format, version 0.0.4.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use super::escape::push_escaped;
use super::out::Out;
use super::sample::{Samples, Style};
use crate::gather::Joined;

const STYLE: Style<'_> =
    Style { point_in_bounds: false, strict_sums: false, exemplars: false, created: None };

pub(super) fn render(metrics: &[Joined], out: &mut Out<'_>) {
    for metric in metrics {
        push_header(out.line(), "HELP", &metric.name);
        push_escaped(out.line(), &metric.help, false);
        out.end_line();
        push_header(out.line(), "TYPE", &metric.name);
        out.line().push_str(metric.kind.as_str());
        out.end_line();
        Samples::write(metric, STYLE, out);
    }
}

/// `# WORD name `.
pub(super) fn push_header(line: &mut String, word: &str, name: &str) {
    for part in ["# ", word, " ", name, " "] {
        line.push_str(part);
    }
}
