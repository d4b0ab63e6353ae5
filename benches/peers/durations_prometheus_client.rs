//! prometheus-client: a classic histogram behind a lock.

use crate::{BOUNDS, Subject};
use prometheus_client::metrics::histogram;
use std::hint::black_box;
use std::time::Duration;

pub(crate) struct Histogram(histogram::Histogram);

impl Subject for Histogram {
    const NAME: &'static str = "prometheus-client";
    const USE: &'static str = "Histogram::observe, eleven buckets";

    fn new() -> Self {
        Self(histogram::Histogram::new(BOUNDS))
    }

    fn recorder(&self) -> impl FnMut(Duration) {
        |duration| self.0.observe(duration.as_secs_f64())
    }

    fn timer(&self) -> impl FnMut() {
        let clock = quanta::Clock::new();
        move || {
            let begin = clock.raw();
            black_box(());
            self.0.observe(clock.delta_as_nanos(begin, clock.raw()) as f64 / 1e9);
        }
    }
}
