//! Percentiles of floating figures whose range nobody knows beforehand.

use quantiles::ckms::CKMS;

/// How far a percentile of a summary may be off: its rank, by this share of the readings from it up,
/// rounded to whole ranks.
///
/// The tail is the exact part: whatever the history holds, p95 and p99 are those of the nearest-rank rule, and the
/// median is off by two ranks at most.
pub const PERCENTILE_ERROR: f64 = 0.001;

/// One stream, made for one answer. Streams are never added up: `+=` of the crate loses the weights of what it adds.
pub(crate) struct Percentiles {
    /// Of the negated values: the algorithm is the more exact the closer to the least value it is asked, and it
    /// is the largest ones that matter here.
    negated: CKMS<f64>,
}

impl Percentiles {
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut negated = CKMS::new(PERCENTILE_ERROR);
        values.for_each(|value| negated.insert(-value));
        Self { negated }
    }

    /// The smallest value with at least that share of the values up to it. `None` if there are none.
    pub(crate) fn at(&self, percentile: usize) -> Option<f64> {
        let count = self.negated.count();
        let from_the_top = rank_from_the_top(count, percentile);
        let (_, negated) = self.negated.query(from_the_top as f64 / count.max(1) as f64)?;
        Some(-negated)
    }
}

/// By the nearest-rank rule; the largest of `count` values is the first.
fn rank_from_the_top(count: usize, percentile: usize) -> usize {
    let rank = (count * percentile).div_ceil(100).clamp(1, count.max(1));
    count.max(1) - rank + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Asserts that each answer's rank is within the error of what a sorted vector says.
    #[track_caller]
    fn assert_within_the_error(stream: &str, values: &[f64]) {
        let percentiles = Percentiles::of(values.iter().copied());
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(|left, right| right.total_cmp(left));
        for percentile in [1, 25, 50, 90, 95, 99, 100] {
            let wanted = rank_from_the_top(values.len(), percentile);
            let found = percentiles.at(percentile).expect("values");
            // Equal values share their ranks: the nearest one counts.
            let first = sorted.partition_point(|value| *value > found) + 1;
            let last = sorted.partition_point(|value| *value >= found);
            assert!(first <= last, "{stream}: p{percentile} is {found}, which no value is");
            let off = first.saturating_sub(wanted).max(wanted.saturating_sub(last));
            let allowed = (PERCENTILE_ERROR * wanted as f64).round() as usize;
            let n = values.len();
            assert!(off <= allowed, "{stream} of {n}: p{percentile} is off by {off} ranks of {allowed}");
        }
    }

    /// Numbers in 0..1 that look drawn, and are the same in every run.
    fn drawn(n: u32) -> f64 {
        let mixed = u64::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    type Stream = fn(u32) -> f64;

    /// Figures as they come: a flat line, memory that leaks or is given back, load with a long tail.
    const STREAMS: [(&str, Stream); 6] = [
        ("constant", |_| 12.5),
        ("rising", |n| 64.0 + 0.25 * f64::from(n)),
        ("falling", |n| 4_096.0 - 0.25 * f64::from(n)),
        ("drifting with noise", |n| f64::from(n) * 0.01 + drawn(n)),
        ("heavy-tailed", |n| (1.0 - drawn(n)).powf(-1.0)),
        ("in steps", |n| (drawn(n) * 5.0).floor()),
    ];

    #[test]
    fn answers_are_within_the_error_of_a_sorted_vector() {
        for (name, stream) in STREAMS {
            for count in [1, 2, 3, 10, 99, 100, 101, 499, 500, 501, 1_000, 3_600] {
                assert_within_the_error(name, &(0..count).map(stream).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_tail_of_a_full_history_is_exact() {
        for (name, stream) in STREAMS {
            let values: Vec<f64> = (0..crate::MAX_READINGS as u32).map(stream).collect();
            let percentiles = Percentiles::of(values.iter().copied());
            let mut sorted = values;
            sorted.sort_unstable_by(f64::total_cmp);
            for percentile in [95, 99, 100] {
                let exact = sorted[sorted.len() * percentile / 100 - 1];
                assert_eq!(percentiles.at(percentile), Some(exact), "{name}: p{percentile}");
            }
        }
    }

    #[test]
    fn no_values_have_no_percentile() {
        assert_eq!(Percentiles::of(std::iter::empty()).at(50), None);
    }

    proptest! {
        #[test]
        fn so_they_are_for_any_values(values in prop::collection::vec(-1e9..1e9_f64, 1..700)) {
            assert_within_the_error("any", &values);
        }
    }
}
