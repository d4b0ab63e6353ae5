//! Four operations with known distributions, measured in virtual time: the percentiles beside the true ones, and bounds
//! that contain them.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::perf::{Clock, Completion, Operation, Percentile, PerfMonitor};
use std::error::Error;
use std::time::Duration;

/// Name, p50, p95 and p99 in milliseconds, operations per second.
const OPERATIONS: [(&str, [f64; 3], usize); 4] = [
    ("syntax_validation", [5.0, 15.0, 30.0], 200),
    ("semantic_validation", [50.0, 150.0, 300.0], 20),
    ("ai_transformation", [500.0, 2_000.0, 5_000.0], 2),
    ("health_check", [10.0, 25.0, 50.0], 100),
];

const SECONDS: usize = 60;

/// An operation that is simulated, and all durations it has had.
struct Simulated {
    operation: Operation,
    percentiles: [f64; 3],
    per_second: usize,
    durations: Vec<Duration>,
}

impl Simulated {
    /// One second's operations.
    fn run(&mut self) {
        for _ in 0..self.per_second {
            // Golden-ratio steps fill 0.0 to 1.0 evenly, in an order that looks random.
            let share = (self.durations.len() as f64 * 0.618_033_988_749_895).fract();
            let duration = Duration::from_secs_f64(at(share, self.percentiles) / 1e3);
            self.operation.record(duration, Completion::Success);
            self.durations.push(duration);
        }
    }

    /// By the nearest-rank rule.
    fn truth(&mut self, quantile: f64) -> Duration {
        self.durations.sort_unstable();
        let rank = (quantile * self.durations.len() as f64).ceil() as usize;
        self.durations[rank.max(1) - 1]
    }
}

/// The duration that the share of operations does not exceed, in milliseconds: straight lines between the percentiles
/// on a logarithmic scale.
fn at(share: f64, [p50, p95, p99]: [f64; 3]) -> f64 {
    let points = [(0.0, p50 / 4.0), (0.5, p50), (0.95, p95), (0.99, p99), (1.0, p99 * 2.0)];
    let above = points.iter().position(|(end, _)| share < *end).unwrap_or(points.len() - 1);
    let ((begin, low), (end, high)) = (points[above - 1], points[above]);
    low * (high / low).powf((share - begin) / (end - begin))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (clock, hand) = Clock::mock();
    let monitor = PerfMonitor::builder().window(Duration::from_secs(60)).clock(clock).build()?;
    let mut simulated = OPERATIONS.map(|(name, percentiles, per_second)| Simulated {
        operation: monitor.operation(name),
        percentiles,
        per_second,
        durations: Vec::new(),
    });
    for _ in 0..SECONDS {
        simulated.iter_mut().for_each(Simulated::run);
        hand.increment(Duration::from_secs(1));
        monitor.tick(monitor.clock().now());
    }

    println!("operation             rank       true   measured            bounds      ops/s");
    for each in &mut simulated {
        let metrics = monitor.operation_metrics(each.operation.name()).ok_or("it was measured")?;
        for found in &metrics.percentiles {
            let truth = each.truth(found.quantile);
            assert!(found.lower <= truth && truth <= found.upper, "{found:?} {truth:?}");
            print_row(each.operation.name(), found, truth, metrics.throughput);
        }
    }
    Ok(())
}

fn print_row(name: &str, found: &Percentile, truth: Duration, throughput: f64) {
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    let (rank, truth, value) = (found.quantile * 100.0, ms(truth), ms(found.value));
    let (lower, upper) = (ms(found.lower), ms(found.upper));
    println!(
        "{name:20}  p{rank:<3} {truth:7.1} ms {value:7.1} ms {lower:7.1}..{upper:<7.1} {throughput:7.1}"
    );
}
