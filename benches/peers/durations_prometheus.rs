//! prometheus: a classic histogram of atomics, in two halves.

use crate::{BOUNDS, Subject};
use prometheus::HistogramOpts;
use std::hint::black_box;
use std::time::Duration;

pub(crate) struct Histogram(prometheus::Histogram);

impl Subject for Histogram {
    const NAME: &'static str = "prometheus";
    const USE: &'static str = "Histogram::observe, eleven buckets";

    fn new() -> Self {
        let options = HistogramOpts::new("benchmark", "What is measured.").buckets(BOUNDS.to_vec());
        Self(prometheus::Histogram::with_opts(options).expect("the options are valid"))
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
