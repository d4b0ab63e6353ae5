//! `Accept`: each line is the value of one header.

use sidecar_http::Exposition;

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let fields: Vec<&str> = text.split('\n').collect();
    let chosen = Exposition::negotiate(fields.iter().copied());

    let with_an_empty_one = fields.iter().copied().chain([""]);
    assert_eq!(Exposition::negotiate(with_an_empty_one), chosen, "an empty header changes nothing");

    let asked = text.to_ascii_lowercase().contains("openmetrics-text") || text.contains('*');
    assert!(asked || chosen == Exposition::Prometheus, "nobody asked for OpenMetrics");

    let exact = "application/openmetrics-text; version=1.0.0";
    let with_the_exact_range = fields.iter().copied().chain([exact]);
    assert_eq!(Exposition::negotiate(with_the_exact_range), Exposition::OpenMetrics);
}
