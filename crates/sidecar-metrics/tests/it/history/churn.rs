//! Series that come and go, in a history that is too small for them, against a list of all that was ever read.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Which series are there, for how many seconds, and how fast they count.
type Phase = (u64, u64, usize, u64);

/// By number and by the phase in which it came: who was away comes back as another one.
type Shown = BTreeMap<(u64, usize), (u64, f64)>;

/// Readings with their second: each series' count and level.
fn readings(phases: &[Phase]) -> Vec<(u64, Shown)> {
    let mut readings: Vec<(u64, Shown)> = Vec::new();
    for (phase, (first, series, times, pace)) in phases.iter().enumerate() {
        for _ in 0..*times {
            let second = readings.len() as u64 + 1;
            let last = readings.last().map(|(_, shown)| shown);
            let shown = (*first..first + series).map(|series| {
                let there = last.and_then(|last| last.range((series, 0)..(series + 1, 0)).next_back());
                let (key, count) = there.map_or(((series, phase), 0), |(key, (count, _))| (*key, *count));
                let level = (second * series % 1_009) as f64 / 8.0;
                (key, (count + pace * (series % 5) * (second % 3), level))
            });
            let shown = shown.collect();
            readings.push((second, shown));
        }
    }
    readings
}

/// The increases of all series together, and the largest level, of the seconds from `from` on.
fn truth(readings: &[(u64, Shown)], from: u64) -> (f64, Option<f64>) {
    let (mut before, mut sum, mut largest) = (BTreeMap::new(), 0, None::<f64>);
    for (at, (second, shown)) in readings.iter().enumerate() {
        for (series, (count, level)) in shown {
            let last = before.insert(*series, *count).unwrap_or(0);
            if *second >= from {
                sum += if at > 0 { count - last } else { 0 };
                largest = Some(largest.map_or(*level, |largest| largest.max(*level)));
            }
        }
    }
    (sum as f64, largest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_left_is_right_and_within_the_bound(
        bound in 64_000usize..250_000,
        phases in prop::collection::vec((0u64..300, 1u64..40, 1usize..150, 0u64..60), 2..14),
        last in prop_oneof![Just(40u64), Just(300), Just(600), Just(10_000)],
    ) {
        let metrics = MetricsCollector::builder().history_bytes(bound).retention(secs(300)).build().expect("in range");
        let shown = Arc::new(Mutex::new(Shown::new()));
        let read = Arc::clone(&shown);
        metrics.register_source(move |out| {
            let shown = read.lock().expect("not poisoned");
            let mut family = out.counter("runs", "");
            for (series, (count, _)) in &*shown {
                family.sample(&[("s", &format!("{series:?}"))], *count);
            }
            let mut family = out.gauge("level", "");
            for (series, (_, level)) in &*shown {
                family.sample(&[("s", &format!("{series:?}"))], *level);
            }
        });
        let all = readings(&phases);
        for (at, (second, reading)) in all.iter().enumerate() {
            *shown.lock().expect("not poisoned") = reading.clone();
            metrics.tick(second * SECOND);
            let stats = metrics.history_stats();
            prop_assert!(stats.bytes <= bound as u64, "{stats:?}");
            // A series that was ever left out has a past that the model does not know of.
            prop_assume!(stats.series_left_out == 0);
            if at % 97 != 0 && at + 1 != all.len() {
                continue;
            }
            let sum = ask(&metrics, &Query::new("runs").last(secs(last)).aggregate(Aggregate::Sum));
            let from = second - (sum.to - sum.from);
            let (expected, largest) = truth(&all[..=at], from);
            let value = |answer: &QueryResult| answer.series.first().map(|series| series.points[0].value);
            prop_assert_eq!(value(&sum).unwrap_or(0.0), expected, "from {} to {}", from, second);
            let level = ask(&metrics, &Query::new("level").last(secs(last)).aggregate(Aggregate::Max));
            prop_assert_eq!(value(&level), largest, "from {} to {}", from, second);
        }
    }
}
