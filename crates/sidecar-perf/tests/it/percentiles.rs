//! The bounds of a percentile contain the true one, whatever is recorded.

use crate::monitor;
use proptest::prelude::*;
use sidecar_harness::Draws;
use sidecar_perf::{Completion, Figures, OperationMetrics, PerfMonitor};
use std::time::Duration;

const QUANTILES: [f64; 7] = [0.0, 0.1, 0.5, 0.9, 0.95, 0.99, 1.0];

fn record(monitor: &PerfMonitor, nanos: &[u64]) -> OperationMetrics {
    let operation = monitor.operation("work");
    nanos.iter().for_each(|nanos| operation.record(Duration::from_nanos(*nanos), Completion::Success));
    monitor.operation_metrics("work").expect("it is known")
}

fn truth(sorted: &[u64], quantile: f64) -> f64 {
    let rank = ((quantile * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
    sorted[rank - 1] as f64 / 1e6
}

fn assert_contains_truth(figures: &Figures, nanos: &[u64]) {
    let mut sorted = nanos.to_vec();
    sorted.sort_unstable();
    assert_eq!(figures.samples, sorted.len() as u64);
    for percentile in &figures.percentiles {
        let truth = truth(&sorted, percentile.quantile);
        assert!(percentile.lower <= truth && truth <= percentile.upper, "{percentile:?} {truth}");
        assert!(percentile.upper - percentile.lower <= percentile.lower / 32.0 + 1e-6, "{percentile:?}");
        assert_eq!(percentile.value, percentile.upper);
    }
    assert_eq!(figures.percentiles.len(), QUANTILES.len());
    assert_eq!(figures.latency_min, Some(sorted[0] as f64 / 1e6));
    assert_eq!(figures.latency_max, Some(sorted[sorted.len() - 1] as f64 / 1e6));
    let mean = sorted.iter().map(|nanos| *nanos as f64).sum::<f64>() / sorted.len() as f64 / 1e6;
    let found = figures.latency_avg.expect("something was recorded");
    assert!((found - mean).abs() <= mean * 1e-9, "{found} {mean}");
}

proptest! {
    #[test]
    fn for_any_values(nanos in prop::collection::vec(0..1_u64 << 48, 1..300)) {
        let (monitor, _) = monitor(|builder| builder.percentiles(QUANTILES));
        let metrics = record(&monitor, &nanos);
        assert_contains_truth(&metrics, &nanos);
        assert_contains_truth(&metrics.since_start, &nanos);
    }

    #[test]
    fn for_shapes_that_break_estimators(seed: u64, shape in 0..6) {
        let mut draws = Draws::seeded(seed);
        let nanos: Vec<u64> = (0..2_000_u64).map(|at| match shape {
            // Heavy-tailed: a shift by as many bits as a coin falls heads.
            0 => (1_000 + draws.below(1_000)) << draws.below(1 << 20).trailing_zeros().min(30),
            // Bimodal, far apart.
            1 => if draws.below(2) == 0 { 1_000 + draws.below(10) } else { 9_000_000_000 },
            2 => 5_000_000,
            // Drifting.
            3 => 1_000_000 + at * at,
            // On the edges of buckets and beside them.
            4 => (1_u64 << (5 + draws.below(40))) + draws.below(3) - 1,
            // Falling, so that each is the least so far.
            _ => 1_u64 << (47 - at / 50),
        }).collect();
        let (monitor, _) = monitor(|builder| builder.percentiles(QUANTILES));
        let metrics = record(&monitor, &nanos);
        assert_contains_truth(&metrics, &nanos);
        assert_contains_truth(&metrics.since_start, &nanos);
    }

    #[test]
    fn merged_slices_do_not_lie(
        slices in prop::collection::vec(prop::collection::vec(1..1_u64 << 40, 0..40), 1..12)
    ) {
        let (monitor, hand) = monitor(|builder| builder.percentiles(QUANTILES));
        for slice in &slices {
            record(&monitor, slice);
            hand.increment(Duration::from_secs(5));
        }
        let all = slices.concat();
        prop_assume!(!all.is_empty());
        hand.decrement(Duration::from_secs(5));
        assert_contains_truth(&monitor.operation_metrics("work").expect("it is known"), &all);
    }
}

#[test]
fn one_outlier_does_not_move_the_median() {
    let (monitor, _) = monitor(|builder| builder);
    let mut nanos = vec![5_000_000; 100];
    nanos.push(3_600_000_000_000);
    let metrics = record(&monitor, &nanos);
    let median = metrics.percentiles[0];
    assert!(median.lower <= 5.0 && median.upper < 5.2, "{median:?}");
    assert_eq!((metrics.latency_p50, metrics.latency_max), (Some(median.value), Some(3_600_000.0)));
}

#[test]
fn a_constant_is_told_exactly() {
    let (monitor, _) = monitor(|builder| builder);
    let metrics = record(&monitor, &[12_345_678; 50]);
    for figure in [metrics.latency_p50, metrics.latency_p95, metrics.latency_p99, metrics.latency_avg] {
        assert_eq!(figure, Some(12.345_678));
    }
}

#[test]
fn windows_of_different_medians_are_merged_by_counts() {
    let (monitor, hand) = monitor(|builder| builder);
    record(&monitor, &[1_000_000; 900]);
    hand.increment(Duration::from_secs(5));
    let metrics = record(&monitor, &[100_000_000; 100]);
    let p50 = metrics.latency_p50.expect("something was recorded");
    let p95 = metrics.latency_p95.expect("something was recorded");
    assert!((1.0..1.04).contains(&p50) && (100.0..103.2).contains(&p95), "{p50} {p95}");
}

#[test]
fn durations_beyond_the_longest_count_as_that() {
    let (monitor, _) = monitor(|builder| builder);
    monitor.operation("work").record(Duration::MAX, Completion::Success);
    let metrics = monitor.operation_metrics("work").expect("it is known");
    let longest = ((1_u64 << 48) - 1) as f64 / 1e6;
    assert_eq!((metrics.latency_p50, metrics.latency_avg), (Some(longest), Some(longest)));
}

#[test]
fn a_histogram_never_counts_a_duration_below_a_bound_that_it_is_above() {
    let (monitor, _) = monitor(|builder| builder);
    record(&monitor, &[1_000_000, 4_900_000, 5_000_001, 70_000_000]);
    let bounds = [0.001, 0.005, 0.05].into();
    let found = monitor.operation("work").duration_histogram(&bounds);
    // 1 ms lies within a bucket that reaches beyond it.
    assert_eq!(found.counts, [0, 2, 1, 1]);
    assert!((found.sum - 0.080_900_001).abs() < 1e-12);
}
