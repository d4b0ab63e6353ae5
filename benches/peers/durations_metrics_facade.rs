//! metrics with metrics-exporter-prometheus: a histogram of the facade's, held, whose samples are put into buckets
//! later.

use crate::{BOUNDS, Subject};
use metrics::{Histogram, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::time::Duration;

pub(crate) struct Exporter {
    handle: PrometheusHandle,
    histogram: Histogram,
}

impl Subject for Exporter {
    const NAME: &'static str = "metrics + exporter";

    fn new() -> Self {
        // Without buckets a histogram would be a summary, which is something else.
        let builder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("there are some");
        let recorder = builder.build_recorder();
        let histogram = with_local_recorder(&recorder, || histogram!("transform"));
        Self { handle: recorder.handle(), histogram }
    }

    fn record(&self, duration: Duration) {
        self.histogram.record(duration.as_secs_f64());
    }

    fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}
