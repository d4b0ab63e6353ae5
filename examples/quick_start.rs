//! The whole sidecar in a few lines: events with a handler, health, metrics, and what it cost.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let config = SidecarConfig::default().sampling_rate("test_events", 1.0);
    let sidecar = Sidecar::builder().config(config).start()?;

    sidecar.register_handler("test_failure", |event| println!("{} failed", event.test().unwrap_or("a test")));

    observe!(sidecar, "test_start", test_id = "login_test");
    observe!(sidecar, "test_failure", test_id = "login_test", duration_ms = 1234);
    let _ = sidecar.observer().flush(Duration::from_secs(1));

    let health = sidecar.health_report();
    println!("health: {}", health.status());
    for component in health.components() {
        println!("  {}: {}", component.name(), component.status());
    }

    let stats = sidecar.stats();
    println!(
        "{} received, {} processed, {} dropped",
        stats.events_received, stats.events_processed, stats.events_dropped
    );
    println!("{:.1} MB in use", sidecar.profiler().snapshot().memory_mb);
    let metrics = sidecar.export_metrics();
    println!("{} lines for Prometheus", metrics.lines().count());

    let report = sidecar.stop(Duration::from_secs(1));
    assert_eq!((report.processed, report.waiting), (2, 0));
    Ok(())
}
