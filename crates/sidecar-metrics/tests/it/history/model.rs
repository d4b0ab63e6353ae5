//! The history against a list of all that was ever read.

use super::*;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

/// What a source shows at one second.
#[derive(Clone, Debug)]
struct Reading {
    /// Seconds since the reading before.
    after: u64,
    gauges: [Option<f64>; 3],
    counters: [Option<u64>; 3],
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-5i32..5).prop_map(f64::from),
        1 => proptest::num::f64::NORMAL.prop_map(|value| value % 1e9),
        1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::MIN_POSITIVE / 2.0]),
    ]
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let after = prop_oneof![20 => Just(1u64), 1 => 2u64..30, 1 => Just(700u64)];
    // A change of what is shown, kept for a while: constant stretches are what the encoding is made for.
    let gauge = prop_oneof![6 => value().prop_map(Some), 1 => Just(None)];
    let counter = prop_oneof![6 => (0u64..50).prop_map(Some), 1 => Just(None)];
    let change = (prop::array::uniform3(gauge), prop::array::uniform3(counter), 1usize..25);
    (prop::collection::vec(change, 1..25), prop::collection::vec(after, 600)).prop_map(|(changes, after)| {
        let mut after = after.into_iter();
        let mut readings = Vec::new();
        for (gauges, counters, times) in changes {
            for at in 0..times {
                let step = |start: Option<u64>| start.map(|start| start + (at as u64 / 3) * start);
                let after = after.next().expect("25 changes of 24 readings are fewer");
                readings.push(Reading { after, gauges, counters: counters.map(step) });
            }
        }
        readings
    })
}

/// One point of one series: the second, the series, the value.
type Points = Vec<(u64, usize, f64)>;

/// What the readings mean, straight from the definition: the gauges' points, the counters' increases.
fn truth(readings: &[Reading]) -> (Points, Points, Vec<(u64, u64)>) {
    let (mut gauges, mut counters, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut second, mut before) = (0, [0u64; 3]);
    for (at, reading) in readings.iter().enumerate() {
        second += reading.after;
        seconds.push((second, if at == 0 { 0 } else { reading.after }));
        for (series, value) in reading.gauges.into_iter().enumerate() {
            if let Some(value) = value.filter(|value| !value.is_nan()) {
                gauges.push((second, series, value));
            }
        }
        for ((series, now), before) in reading.counters.into_iter().enumerate().zip(&mut before) {
            let Some(now) = now else { continue };
            let increase = if now < *before { now } else { now - *before };
            if at > 0 {
                counters.push((second, series, increase as f64));
            }
            *before = now;
        }
    }
    (gauges, counters, seconds)
}

fn replay(readings: &[Reading]) -> (MetricsCollector, u64) {
    let metrics = MetricsCollector::builder().retention(secs(7 * 24 * 3_600)).build().expect("in range");
    let shown = Arc::new(Mutex::new(readings[0].clone()));
    let read = Arc::clone(&shown);
    metrics.register_source(move |out| {
        let reading = read.lock().expect("not poisoned");
        let names = ["a", "b", "c"];
        let mut gauge = out.gauge("level", "");
        for (name, value) in names.iter().zip(reading.gauges) {
            if let Some(value) = value {
                gauge.sample(&[("s", name)], value);
            }
        }
        let mut counter = out.counter("runs", "");
        for (name, value) in names.iter().zip(reading.counters) {
            if let Some(value) = value {
                counter.sample(&[("s", name)], value);
            }
        }
        let mut counter = out.counter("parts", "");
        for (name, value) in names.iter().zip(reading.counters) {
            if let Some(value) = value {
                counter.sample(&[("s", name)], value as f64);
            }
        }
    });
    let mut second = 0;
    for reading in readings {
        second += reading.after;
        *shown.lock().expect("not poisoned") = reading.clone();
        metrics.tick(second * SECOND);
    }
    (metrics, second)
}

fn close(a: f64, b: f64, size: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * size.max(1.0)
}

/// Compares an answer in steps with the naive aggregation of `points` over the same steps.
fn compare(
    metrics: &MetricsCollector,
    query: &Query,
    aggregate: Aggregate,
    (points, seconds): (&Points, &[(u64, u64)]),
    (start, end): (u64, u64),
) -> Result<(), TestCaseError> {
    let answer = ask(metrics, &query.clone().aggregate(aggregate));
    let fine = answer.resolution == secs(1);
    let start = if fine { start } else { start - start % 10 };
    let step = answer.step.as_secs();
    let mut expected = Vec::new();
    for at in start / step..=end / step {
        let inside = |second: u64| second >= start && second <= end && second / step == at;
        let own: Vec<_> = points.iter().filter(|(second, ..)| inside(*second)).collect();
        let values: Vec<f64> = own.iter().map(|(.., value)| *value).collect();
        if values.is_empty() {
            continue;
        }
        let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
        let covered: u64 =
            seconds.iter().filter(|(second, _)| inside(*second)).map(|(_, covers)| covers).sum();
        let value = match aggregate {
            Aggregate::Avg => sum / count,
            Aggregate::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Aggregate::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Aggregate::Rate => sum / covered as f64,
            Aggregate::Sum if query.name() == "level" => (0..3)
                .map(|series| {
                    let own: Vec<_> = own.iter().filter(|(_, of, _)| *of == series).map(|it| it.2).collect();
                    if own.is_empty() { 0.0 } else { own.iter().sum::<f64>() / own.len() as f64 }
                })
                .sum(),
            Aggregate::Sum => sum,
            other => panic!("{other}"),
        };
        let size = values.iter().map(|value| value.abs()).sum::<f64>();
        expected.push((end - (at * step + step - 1).min(end), value, size));
    }
    let found = answer.series.first().map(|_| ages(&answer, 0)).unwrap_or_default();
    prop_assert_eq!(found.len(), expected.len(), "{}: {:?} {:?}", aggregate, &found, &expected);
    for ((age, value), (expected_age, expected, size)) in found.into_iter().zip(expected) {
        prop_assert_eq!(age, expected_age);
        prop_assert!(close(value, expected, size), "{}: {} {}", aggregate, value, expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_tier_answers_as_a_list_of_all_readings_would(
        readings in readings(),
        last in prop_oneof![Just(60u64), Just(300), Just(3_000), 1u64..2_000],
        step in 1u64..100,
    ) {
        let (gauges, counters, seconds) = truth(&readings);
        let (metrics, end) = replay(&readings);
        let start = (end + 1).saturating_sub(last);
        let query = |name| Query::new(name).last(secs(last)).step(secs(step.min(last)));
        use Aggregate::{Avg, Max, Min, Rate, Sum};
        for aggregate in [Avg, Min, Max, Sum] {
            compare(&metrics, &query("level"), aggregate, (&gauges, &seconds), (start, end))?;
        }
        for name in ["runs", "parts"] {
            for aggregate in [Avg, Min, Max, Sum, Rate] {
                compare(&metrics, &query(name), aggregate, (&counters, &seconds), (start, end))?;
            }
        }
        // Asking changed nothing.
        let again = ask(&metrics, &query("level"));
        prop_assert_eq!(format!("{:?}", ask(&metrics, &query("level"))), format!("{again:?}"));
    }

    #[test]
    fn histograms_of_any_range_have_what_was_recorded_in_it(
        recorded in prop::collection::vec(prop::collection::vec(0i32..120, 0..4), 2..900),
        last in prop_oneof![Just(60u64), Just(300), 301u64..900],
        part in 0.0f64..=1.0,
    ) {
        let metrics = MetricsCollector::new();
        metrics.buckets("size", &[1.0, 5.0, 25.0, 100.0]).expect("valid");
        let _ = metrics.histogram("size", &[("odd", "false")]).expect("valid");
        metrics.tick(0);
        for (second, values) in (1..).zip(&recorded) {
            for value in values {
                metrics.record_histogram("size", f64::from(*value), &[("odd", &(value % 2 == 1).to_string())]);
            }
            metrics.tick(second * SECOND);
        }
        let end = recorded.len() as u64;
        let query = |aggregate| Query::new("size").last(secs(last)).aggregate(aggregate);
        let rate = ask(&metrics, &query(Aggregate::Rate));
        // The first reading has none before it, and so no growth.
        let from = (end - (rate.to - rate.from)).max(1);
        let mut values: Vec<i32> = recorded[from as usize - 1..].concat();
        values.sort_unstable();
        let sum = f64::from(values.iter().sum::<i32>());
        prop_assert_eq!(rate.series[0].points[0].value, values.len() as f64 / (end + 1 - from) as f64);
        prop_assert_eq!(one(&metrics, &query(Aggregate::Sum)), sum);
        let percentile = ask(&metrics, &query(Aggregate::Percentile(part)));
        match percentile.series.first().map(|series| series.points[0]) {
            None => prop_assert!(values.is_empty()),
            Some(point) => {
                let rank = ((part * values.len() as f64).ceil() as usize).clamp(1, values.len());
                let truth = f64::from(values[rank - 1]);
                let (lower, upper) = (point.lower.expect("known"), point.upper.expect("known"));
                prop_assert!(lower <= truth && truth <= upper, "{lower} {truth} {upper}");
                prop_assert!(close(one(&metrics, &query(Aggregate::Avg)), sum / values.len() as f64, sum));
            }
        }
    }

    #[test]
    fn all_that_was_counted_is_in_the_history(counts in prop::collection::vec((0u64..1_000, 0usize..4), 2..500)) {
        let metrics = MetricsCollector::new();
        let mut total = 0;
        metrics.tick(0);
        for (second, (count, series)) in (1..).zip(&counts) {
            metrics.increment_by("runs", *count, &[("s", &series.to_string())]);
            total += count;
            metrics.tick(second * SECOND);
        }
        let sum = one(&metrics, &Query::new("runs").last(secs(3_000)).aggregate(Aggregate::Sum));
        prop_assert_eq!(sum, total as f64);
    }
}
