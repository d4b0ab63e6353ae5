//! Sampling: a tenth of the events is kept, and the kept ones still tell how many there were.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let config = SidecarConfig::default().sampling_rate("events", 0.1).event_type_rate("payment", 1.0);
    let sidecar = Sidecar::builder().config(config.max_queue_size(20_000)).start()?;

    let estimate = Arc::new(AtomicU64::new(0));
    let sum = Arc::clone(&estimate);
    sidecar.register_handler("page_view", move |event| {
        sum.fetch_add(event.probability().weight().round() as u64, Relaxed);
    });

    for page in 0..50_000 {
        // The fields are only evaluated for the events that are kept.
        observe!(sidecar, "page_view", path = format!("/page/{page}"));
    }
    observe!(sidecar, "payment", amount = 12.5);

    let report = sidecar.observer().shutdown(Duration::from_secs(5));
    let stats = sidecar.stats();
    println!(
        "{} offered, {} sampled out, {} processed",
        stats.events_received, stats.sampled_out, report.processed
    );
    println!("page views estimated from the kept ones: {}", estimate.load(Relaxed));
    assert_eq!(stats.by_type["payment"].processed, 1, "a type may have a rate of its own");
    assert_eq!(stats.events_received, stats.sampled_out + stats.events_dropped + report.processed);
    Ok(())
}
