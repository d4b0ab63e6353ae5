//! prometheus-client: a histogram behind a lock.

use crate::{BOUNDS, Subject};
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

pub(crate) struct Client(Histogram);

impl Subject for Client {
    const NAME: &'static str = "prometheus-client";

    fn new() -> Self {
        Self(Histogram::new(BOUNDS))
    }

    fn record(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }
}
