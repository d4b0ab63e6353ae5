//! Health checks on their own: one that works, one that fails, and what the whole makes of it.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_health::{CheckOutcome, Component, Health, Status};
use std::error::Error;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let interval = Duration::from_millis(50);
    let health = Health::builder()
        .component(Component::new("database", || true).critical(true).interval(interval))
        .component(
            Component::new("cache", || CheckOutcome::unhealthy("connection refused"))
                .interval(interval)
                .failure_threshold(1),
        )
        .start()?;

    // Nothing is healthy before its first success; both checks run at once, in the background.
    let start = Instant::now();
    while health.report().status() != Status::Degraded && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }

    let report = health.report();
    println!("{}", serde_json::to_string_pretty(&report)?);
    assert_eq!(report.status(), Status::Degraded, "a component that is not critical only degrades the whole");
    assert!(health.is_ready(), "readiness follows the critical components");
    health.stop();
    Ok(())
}
