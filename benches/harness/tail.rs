//! What the slowest operations cost.

use crate::tally::{Batch, Outcome, Tally};
use std::time::Duration;

/// Operations that a batch times one by one: their 99.99th percentile is the fifth slowest.
pub const SAMPLES: u64 = 50_000;

/// Runs [`SAMPLES`] operations, each of which answers with its own time in nanoseconds, and says what `n` of them
/// would take if all were as slow as the one at this quantile. The figure that comes of it is that quantile.
///
/// # Panics
/// When `quantile` is not from 0.0 to 1.0.
pub fn at_quantile(
    n: u64,
    samples: u64,
    quantile: f64,
    mut operation: impl FnMut(u64) -> (u64, Outcome),
) -> Batch {
    assert!((0.0..=1.0).contains(&quantile), "a quantile from 0.0 to 1.0, not {quantile}");
    let mut tally = Tally::default();
    let mut times: Vec<u64> = (0..samples)
        .map(|number| {
            let (nanos, outcome) = operation(number);
            tally.add(outcome);
            nanos
        })
        .collect();
    times.sort_unstable();
    let rank = ((times.len() as f64 * quantile).ceil() as usize).clamp(1, times.len());
    Batch { elapsed: Duration::from_nanos(times[rank - 1] * n), tally, in_turns: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_the_time_at_the_quantile() {
        let times = |number| (number + 1, Outcome::Passed);
        assert_eq!(at_quantile(1, 1_000, 0.99, times).elapsed, Duration::from_nanos(990));
        assert_eq!(at_quantile(3, 1_000, 0.5, times).elapsed, Duration::from_nanos(1_500));
        let batch = at_quantile(1, 10_000, 0.999_9, times);
        assert_eq!((batch.elapsed, batch.tally.passed), (Duration::from_nanos(9_999), 10_000));
    }
}
