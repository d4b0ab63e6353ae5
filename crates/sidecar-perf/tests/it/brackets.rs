//! The bounds of a percentile contain the true order statistic, whatever was measured.

use crate::series::{KINDS, assert_is_true_to, record, value};
use crate::support::{metrics, monitor};
use sidecar_harness::Draws;

/// How many percentiles are checked, unless this variable has another number.
const CASES: &str = "SIDECAR_PERF_CASES";
const FEW: u64 = 30_000;

#[test]
#[expect(clippy::print_stdout, reason = "a long run says what it did")]
fn the_bounds_contain_the_true_order_statistic() {
    let wanted = std::env::var(CASES).ok().map_or(FEW, |cases| cases.parse().expect("a number"));
    let mut draws = Draws::seeded(20_260_704);
    let (mut cases, mut series) = (0, 0);
    while cases < wanted {
        let kind = series % KINDS;
        let mut quantiles = vec![0.0, 1.0, 0.5, 0.99];
        quantiles.extend((4..32).map(|_| draws.below(1_000_001) as f64 / 1e6));
        let (monitor, _) = monitor(|b| b.percentiles(quantiles));
        let operation = monitor.operation("series");
        let longest = if draws.below(10) == 0 { 2_000 } else { 60 };
        let length = 1 + draws.below(longest);
        let values: Vec<_> = (0..length).map(|place| value(kind, place, &mut draws)).collect();
        values.iter().for_each(|nanos| record(&operation, *nanos));
        let found = metrics(&monitor, "series");
        cases += assert_is_true_to(&found.window, &values);
        assert_is_true_to(&found.since_start, &values);
        series += 1;
    }
    println!("{cases} percentiles of {series} series, all within their bounds");
}
