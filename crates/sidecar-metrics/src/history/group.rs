//! What one step of one group of series comes to.

use super::roll::Roll;
use crate::kind::Kind;
use crate::query::{Aggregate, QueryError};
use std::sync::Arc;

/// Most points that are sorted for the percentiles of one step of one group.
const MAX_SORTED: usize = 1_000_000;

/// A value, and between what it is known to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) bracket: Option<(f64, f64)>,
}

impl From<f64> for Estimate {
    fn from(value: f64) -> Self {
        Self { value, bracket: None }
    }
}

/// The points of one step.
#[derive(Debug)]
pub(super) struct Group {
    name: Arc<str>,
    kind: Kind,
    aggregate: Aggregate,
    points: Roll<f64>,
    /// The averages of gauges, added up.
    averages: f64,
    newest: Option<f64>,
    ranked: Vec<Roll<f64>>,
    bounds: Option<Arc<[f64]>>,
    counts: Vec<u64>,
    pub(super) sum_grown: f64,
}

impl Group {
    pub(super) fn new(name: &Arc<str>, kind: Kind, aggregate: Aggregate) -> Self {
        Self {
            name: Arc::clone(name),
            kind,
            aggregate,
            points: Roll::default(),
            averages: 0.0,
            newest: None,
            ranked: Vec::new(),
            bounds: None,
            counts: Vec::new(),
            sum_grown: 0.0,
        }
    }

    pub(super) fn add(&mut self, points: Roll<f64>) -> Result<(), QueryError> {
        self.points.merge(points);
        let sorts = matches!(self.aggregate, Aggregate::Percentile(_)) && self.kind != Kind::Histogram;
        if sorts && points.count > 0 {
            if self.ranked.len() >= MAX_SORTED {
                return Err(QueryError::TooLarge { name: self.name.to_string(), limit: MAX_SORTED });
            }
            self.ranked.push(points);
        }
        Ok(())
    }

    /// Adds a bucket's growth. Says whether it fits: percentiles need the same buckets in all series.
    pub(super) fn grow(&mut self, bounds: &Arc<[f64]>, bucket: usize, grown: u64) -> bool {
        let own = self.bounds.get_or_insert_with(|| Arc::clone(bounds));
        if matches!(self.aggregate, Aggregate::Percentile(_)) && !Arc::ptr_eq(own, bounds) && own != bounds {
            return false;
        }
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(grown);
        true
    }

    pub(super) fn mixed_buckets(&self) -> QueryError {
        QueryError::MixedBuckets { name: self.name.to_string() }
    }

    /// Adds what is made of each series alone.
    pub(super) fn end_series(&mut self, points: Roll<f64>, newest: Option<f64>) {
        if points.count > 0 {
            self.averages += points.sum / f64::from(points.count);
        }
        if let Some(newest) = newest {
            self.newest = Some(self.newest.unwrap_or(0.0) + newest);
        }
    }

    /// Ends a step that took so long; `None` if it had no point.
    pub(super) fn end_step(&mut self, seconds: u64) -> Option<Estimate> {
        let estimate = if self.points.count == 0 { self.newest_alone() } else { self.estimate(seconds) };
        (self.points, self.averages, self.newest) = (Roll::default(), 0.0, None);
        self.ranked.clear();
        (self.bounds, self.sum_grown) = (None, 0.0);
        self.counts.clear();
        estimate
    }

    /// A counter's first reading has no increase, but a count.
    fn newest_alone(&self) -> Option<Estimate> {
        (self.aggregate == Aggregate::Last).then_some(self.newest?.into())
    }

    fn estimate(&mut self, seconds: u64) -> Option<Estimate> {
        let histogram = self.kind == Kind::Histogram;
        let Roll { count, sum, min, max } = self.points;
        let recorded = self.counts.iter().fold(0, |total: u64, count| total.saturating_add(*count)) as f64;
        Some(match self.aggregate {
            Aggregate::Sum if histogram => self.sum_grown.into(),
            Aggregate::Sum if self.kind == Kind::Gauge => self.averages.into(),
            Aggregate::Sum => sum.into(),
            Aggregate::Avg if histogram => (recorded > 0.0).then(|| self.sum_grown / recorded)?.into(),
            Aggregate::Avg => (sum / f64::from(count)).into(),
            Aggregate::Min => min.into(),
            Aggregate::Max => max.into(),
            Aggregate::Rate => {
                let all = if histogram { recorded } else { sum };
                (seconds > 0).then(|| all / seconds as f64)?.into()
            }
            Aggregate::Last => self.newest?.into(),
            Aggregate::Percentile(part) if histogram => {
                bucket_percentile(self.bounds.as_deref()?, &self.counts, part)?
            }
            Aggregate::Percentile(part) => order_statistic(&mut self.ranked, part),
        })
    }
}

/// The point below which `part` of all lie. Of points that stand for several, the smallest and the largest ones
/// say between what it is.
fn order_statistic(ranked: &mut [Roll<f64>], part: f64) -> Estimate {
    let mut at = |key: fn(&Roll<f64>) -> f64| {
        ranked.sort_unstable_by(|a, b| key(a).total_cmp(&key(b)));
        let all: u64 = ranked.iter().map(|points| u64::from(points.count)).sum();
        let rank = rank(part, all);
        let mut before = 0;
        let found = ranked.iter().find(|points| {
            before += u64::from(points.count);
            before >= rank
        });
        found.map_or(f64::NAN, key)
    };
    let (lower, upper) = (at(|points| points.min), at(|points| points.max));
    // An average can be off its own points by rounding.
    let middle = |points: &Roll<f64>| {
        let average = points.sum / f64::from(points.count);
        average.max(points.min).min(points.max)
    };
    Estimate { value: at(middle), bracket: Some((lower, upper)) }
}

/// Which of `all` sorted values, from 1 on.
fn rank(part: f64, all: u64) -> u64 {
    ((part * all as f64).ceil() as u64).clamp(1, all.max(1))
}

/// The value below which `part` of all recorded ones lie: its bucket's ends for certain, and inside as if the values
/// were spread evenly. The first bucket begins at zero if its bound is above, as in Prometheus.
fn bucket_percentile(bounds: &[f64], counts: &[u64], part: f64) -> Option<Estimate> {
    let all = counts.iter().fold(0, |total: u64, count| total.saturating_add(*count));
    if all == 0 {
        return None;
    }
    let rank = rank(part, all);
    let mut before = 0u64;
    let bucket = counts.iter().position(|count| {
        let found = before.saturating_add(*count) >= rank;
        before = if found { before } else { before.saturating_add(*count) };
        found
    })?;
    let lower = if bucket == 0 { f64::NEG_INFINITY } else { bounds[bucket - 1] };
    let upper = bounds.get(bucket).copied().unwrap_or(f64::INFINITY);
    let value = match (lower.is_finite(), upper.is_finite()) {
        (true, true) => lower + (upper - lower) * inside(rank, before, counts[bucket]),
        (true, false) => lower,
        (false, _) if upper > 0.0 => upper * inside(rank, before, counts[bucket]),
        (false, _) => upper,
    };
    Some(Estimate { value, bracket: Some((lower, upper)) })
}

fn inside(rank: u64, before: u64, count: u64) -> f64 {
    (rank - before) as f64 / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_percentile_is_inside_its_bucket() {
        let bounds = [1.0, 2.0, 4.0];
        let at = |counts: &[u64], part| bucket_percentile(&bounds, counts, part).expect("values");
        let known = |value, lower, upper| Estimate { value, bracket: Some((lower, upper)) };
        assert_eq!(at(&[0, 10], 0.5), known(1.5, 1.0, 2.0));
        assert_eq!(at(&[0, 0, 4], 1.0), known(4.0, 2.0, 4.0));
        assert_eq!(at(&[2], 0.5), known(0.5, f64::NEG_INFINITY, 1.0));
        assert_eq!(at(&[0, 0, 0, 1], 0.5), known(4.0, 4.0, f64::INFINITY));
        assert_eq!(bucket_percentile(&bounds, &[0, 0], 0.5), None);
        assert_eq!(bucket_percentile(&[-1.0], &[1], 0.5), Some(known(-1.0, f64::NEG_INFINITY, -1.0)));
    }

    proptest! {
        #[test]
        fn the_true_order_statistic_is_in_the_bracket(
            chunks in prop::collection::vec(prop::collection::vec(-100i32..100, 1..10), 1..20),
            part in 0.0f64..=1.0,
        ) {
            let mut ranked: Vec<_> = chunks.iter().map(|chunk| {
                let mut roll = Roll::<f64>::default();
                chunk.iter().for_each(|value| roll.add(f64::from(*value)));
                roll
            }).collect();
            let mut all: Vec<_> = chunks.concat();
            all.sort_unstable();
            let truth = f64::from(all[rank(part, all.len() as u64) as usize - 1]);
            let estimate = order_statistic(&mut ranked, part);
            let (lower, upper) = estimate.bracket.expect("a percentile has one");
            prop_assert!(lower <= truth && truth <= upper, "{lower} {truth} {upper}");
            prop_assert!(lower <= estimate.value && estimate.value <= upper, "{lower} {} {upper}", estimate.value);
        }

        #[test]
        fn the_true_percentile_is_in_its_bucket(
            values in prop::collection::vec(-50i32..500, 1..60),
            part in 0.0f64..=1.0,
        ) {
            let bounds = [0.0, 1.0, 10.0, 100.0];
            let mut counts = [0; 5];
            values.iter().for_each(|v| counts[bounds.partition_point(|bound| *bound < f64::from(*v))] += 1);
            let mut all = values;
            all.sort_unstable();
            let truth = f64::from(all[rank(part, all.len() as u64) as usize - 1]);
            let estimate = bucket_percentile(&bounds, &counts, part).expect("values");
            let (lower, upper) = estimate.bracket.expect("a percentile has one");
            prop_assert!(lower <= truth && truth <= upper, "{lower} {truth} {upper}");
            prop_assert!(lower <= estimate.value && estimate.value <= upper);
        }
    }
}
