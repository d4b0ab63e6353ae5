//! Four operations with known latencies: what is measured, beside what is true.
//!
//! Each percentile is shown with its bounds, which contain the true one.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::perf::{Completion, PerfMonitor};
use std::error::Error;
use std::time::Duration;

/// Name; p50, p95 and p99 in milliseconds; operations.
const OPERATIONS: [(&str, [f64; 3], u64); 4] = [
    ("Syntax Validation", [5.0, 15.0, 30.0], 12_000),
    ("Semantic Validation", [50.0, 150.0, 300.0], 1_200),
    ("AI Transformation", [500.0, 2_000.0, 5_000.0], 600),
    ("Health Check", [10.0, 25.0, 50.0], 6_000),
];

fn main() -> Result<(), Box<dyn Error>> {
    let monitor = PerfMonitor::builder().percentiles([0.5, 0.95, 0.99]).build()?;
    println!("| operation | percentile | true, ms | measured, ms | bounds, ms |");
    println!("| --- | --- | --- | --- | --- |");
    for (name, known, count) in OPERATIONS {
        let operation = monitor.operation(name);
        let mut latencies: Vec<Duration> = (0..count).map(|at| latency(known, at, count)).collect();
        for latency in &latencies {
            operation.record(*latency, Completion::Success);
        }
        latencies.sort_unstable();
        let metrics = monitor.operation_metrics(name).expect("it was recorded");
        for found in &metrics.since_start.percentiles {
            let rank = (found.quantile * count as f64).ceil() as usize;
            let truth = latencies[rank - 1].as_secs_f64() * 1e3;
            println!(
                "| {name} | p{:.0} | {truth:.1} | {:.1} | {:.1} to {:.1} |",
                found.quantile * 100.0,
                found.value,
                found.lower,
                found.upper
            );
            assert!(found.lower <= truth && truth <= found.upper, "{name}: {found:?} {truth}");
        }
    }
    Ok(())
}

/// The latency of one operation out of `count`: straight lines between the known percentiles, and in no order.
fn latency([p50, p95, p99]: [f64; 3], at: u64, count: u64) -> Duration {
    // A step that has no divisor in common with any of the counts goes through all of them.
    let share = (at * 7_919 % count + 1) as f64 / count as f64;
    let line = |from: f64, to: f64, low: f64, high: f64| low + (high - low) * (share - from) / (to - from);
    let millis = match share {
        share if share <= 0.5 => line(0.0, 0.5, p50 / 2.0, p50),
        share if share <= 0.95 => line(0.5, 0.95, p50, p95),
        share if share <= 0.99 => line(0.95, 0.99, p95, p99),
        _ => line(0.99, 1.0, p99, p99 * 2.0),
    };
    Duration::from_secs_f64(millis / 1e3)
}
