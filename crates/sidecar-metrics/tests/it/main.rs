//! The collector as its users and its scrapers see it.

#[cfg(feature = "alertmanager")]
mod alertmanager;
mod alerts;
mod allocation;
mod chunks;
mod concurrency;
mod created;
mod documents;
mod escaping;
mod exemplars;
#[cfg(feature = "facade")]
mod facade;
mod history;
mod names;
mod openmetrics;
mod overflow;
mod parser;
mod promtool;
mod python;
mod reading;
mod reclaim;
mod recording;
mod roundtrip;
mod sources;
mod subscriber;

use parser::{Format, ParsedFamily, parse};
use sidecar_metrics::MetricsCollector;

/// The classic exposition, read back.
fn classic(metrics: &MetricsCollector) -> Vec<ParsedFamily> {
    let text = metrics.export_prometheus();
    parse(&text, Format::Classic).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The OpenMetrics exposition, read back.
fn openmetrics(metrics: &MetricsCollector) -> Vec<ParsedFamily> {
    let text = metrics.export_openmetrics();
    parse(&text, Format::OpenMetrics).unwrap_or_else(|error| panic!("{error}\n{text}"))
}
