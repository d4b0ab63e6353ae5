//! Durations of every kind, and the truth about them.

use sidecar_harness::Draws;
use sidecar_perf::{Completion, Figures, Operation};
use std::time::Duration;

/// Kinds of series, by number.
pub(crate) const KINDS: u64 = 7;

/// One value of a series of that kind; `place` is where it stands in it.
pub(crate) fn value(kind: u64, place: u64, draws: &mut Draws) -> u64 {
    let uniform = |draws: &mut Draws| (draws.below(1 << 40) + 1) as f64 / (1u64 << 40) as f64;
    match kind {
        // Heavy-tailed: Pareto with an exponent of one half.
        0 => ((1_000.0 / uniform(draws).powi(2)) as u64).min(1 << 53),
        // Two modes, far apart.
        1 => [50_000, 3_000_000_000][usize::from(draws.below(10) == 0)] + draws.below(1_000),
        // Constant.
        2 => 1_234_567,
        // Drifting.
        3 => 1_000 + place * place * 997,
        // Next to the edges of buckets.
        4 => {
            let octave = 5 + draws.below(38);
            let edge = (32 + draws.below(32)) << (octave - 5);
            edge + draws.below(3) - 1
        }
        // Over the whole range, evenly by magnitude.
        5 => {
            let magnitude = draws.below(53);
            draws.below(1 << magnitude)
        }
        // Mostly nothing, and the longest there is.
        _ => [0, 1, 1 << 53][draws.below(3) as usize],
    }
}

pub(crate) fn record(operation: &Operation, nanos: u64) {
    operation.record(Duration::from_nanos(nanos), Completion::Success);
}

/// The figures are those of `values`: exact where they can be, and with bounds that contain the truth. Gives back how
/// many percentiles that were.
#[track_caller]
pub(crate) fn assert_is_true_to(figures: &Figures, values: &[u64]) -> u64 {
    let ms = |nanos: u64| nanos as f64 / 1e6;
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    assert_eq!((figures.count, figures.samples), (values.len() as u64, values.len() as u64));
    assert_eq!(figures.latency_min, sorted.first().copied().map(ms));
    assert_eq!(figures.latency_max, sorted.last().copied().map(ms));
    if sorted.is_empty() {
        let usual = [figures.latency_avg, figures.latency_p50, figures.latency_p95, figures.latency_p99];
        assert_eq!((usual, &*figures.percentiles), ([None; 4], &[][..]));
        return 0;
    }
    let average = values.iter().sum::<u64>() as f64 / values.len() as f64 / 1e6;
    let found = figures.latency_avg.expect("some were measured");
    assert!((found - average).abs() <= average * 1e-9, "{found} {average}");
    for found in &figures.percentiles {
        let rank = ((found.quantile * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
        let truth = Duration::from_nanos(sorted[rank - 1]);
        assert!(found.lower <= truth && truth <= found.upper, "{found:?} {truth:?}");
        assert!(truth <= found.value && found.value <= found.upper, "{found:?} {truth:?}");
        let width = (found.upper - found.lower).as_nanos() as f64;
        let is_last = truth >= Duration::from_nanos(1 << 43);
        assert!(is_last || width <= found.lower.as_nanos() as f64 / 32.0, "{found:?}");
    }
    figures.percentiles.len() as u64
}
