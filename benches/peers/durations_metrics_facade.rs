//! metrics with metrics-exporter-prometheus: samples are queued, and folded by an upkeep.

use crate::{BOUNDS, Subject};
use metrics::{histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::hint::black_box;
use std::time::Duration;

/// Without an upkeep now and then the samples would pile up. This often it needs little memory.
const UPKEEP_EVERY: u64 = 1 << 16;

pub(crate) struct Histogram {
    histogram: metrics::Histogram,
    handle: PrometheusHandle,
}

impl Histogram {
    fn record(&self, seconds: f64, recorded: &mut u64) {
        self.histogram.record(seconds);
        *recorded += 1;
        if recorded.is_multiple_of(UPKEEP_EVERY) {
            self.handle.run_upkeep();
        }
    }
}

impl Subject for Histogram {
    const NAME: &'static str = "metrics-exporter-prometheus";
    const USE: &'static str = "Histogram::record, eleven buckets, an upkeep every 65536";

    fn new() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("there are some");
        let recorder = builder.build_recorder();
        let histogram = with_local_recorder(&recorder, || histogram!("benchmark"));
        Self { histogram, handle: recorder.handle() }
    }

    fn recorder(&self) -> impl FnMut(Duration) {
        let mut recorded = 0;
        move |duration| self.record(duration.as_secs_f64(), &mut recorded)
    }

    fn timer(&self) -> impl FnMut() {
        let (clock, mut recorded) = (quanta::Clock::new(), 0);
        move || {
            let begin = clock.raw();
            black_box(());
            self.record(clock.delta_as_nanos(begin, clock.raw()) as f64 / 1e9, &mut recorded);
        }
    }
}
