//! What is recorded through the `metrics` facade is beside the sidecar's own series.

use crate::support::started;
use sidecar_runtime::metrics::metrics;

#[test]
fn a_counter_of_the_facade_is_exported_with_the_sidecar_s_own() {
    let sidecar = started();
    let recorder = sidecar.metrics().recorder();
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("requests_total", "route" => "/a").increment(3);
    });
    assert_eq!(sidecar.get_metrics().value("requests_total", &[("route", "/a")]), Some(3.0));
    let text = sidecar.export_metrics();
    assert!(text.contains("requests_total{route=\"/a\"} 3\n") && text.contains("sidecar_events_total"));
}
