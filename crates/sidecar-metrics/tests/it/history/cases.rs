use super::*;
use sidecar_metrics::Kind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Calls `each` before the reading of every second.
fn run(metrics: &MetricsCollector, seconds: std::ops::Range<u64>, mut each: impl FnMut(u64)) {
    for second in seconds {
        each(second);
        assert_eq!(metrics.tick(second * SECOND + 7), (second + 1) * SECOND);
    }
}

#[test]
fn a_metric_that_is_not_there_has_an_empty_answer() {
    let metrics = MetricsCollector::new();
    let answer = ask(&metrics, &Query::new("nothing"));
    assert_eq!((answer.series.len(), answer.to), (0, 0));
    metrics.tick(0);
    assert!(ask(&metrics, &Query::new("nothing")).series.is_empty());
    let refused = metrics.query(Query::new("no name")).expect_err("no name");
    assert!(matches!(refused, QueryError::Name(_)), "{refused}");
}

#[test]
fn a_counters_rate_and_increase_by_tags() {
    let metrics = MetricsCollector::new();
    run(&metrics, 1_000..1_060, |second| {
        metrics.increment_by("runs", 2, &[("kind", "a"), ("host", "x")]);
        metrics.increment_by("runs", second % 2, &[("kind", "b"), ("host", "x")]);
        metrics.increment_by("runs", 1, &[("kind", "b"), ("host", "y")]);
    });
    let query = || Query::new("runs").last(secs(20));
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Rate)), 3.5);
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Sum)), 70.0);
    assert_eq!(one(&metrics, &query().tag("host", "y").aggregate(Aggregate::Sum)), 20.0);
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Max)), 2.0);
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Min)), 0.0);
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Last)), 120.0 + 30.0 + 60.0);
    let by = ask(&metrics, &query().by("kind").aggregate(Aggregate::Rate));
    let groups: Vec<_> =
        by.series.iter().map(|series| (&*series.tags[0].1, series.points[0].value)).collect();
    assert_eq!(groups, [("a", 2.0), ("b", 1.5)]);
    assert!(ask(&metrics, &query().tag("host", "z")).series.is_empty());
    assert!(ask(&metrics, &query().tag("kind", "")).series.is_empty(), "all have the tag");
}

#[test]
fn steps_are_whole_and_points_say_when() {
    let metrics = MetricsCollector::new();
    run(&metrics, 100..125, |second| metrics.set_gauge("level", second as f64, &[]));
    let answer = ask(&metrics, &Query::new("level").last(secs(20)).step(secs(10)).aggregate(Aggregate::Max));
    // Seconds 105 to 109, 110 to 119, and 120 to 124, which is not over yet.
    assert_eq!(ages(&answer, 0), [(15, 109.0), (5, 119.0), (0, 124.0)]);
    assert_eq!((answer.resolution, answer.step, answer.to - answer.from), (secs(1), secs(10), 19));
    let each = ask(&metrics, &Query::new("level").last(secs(3)).step(secs(1)));
    assert_eq!(ages(&each, 0), [(2, 122.0), (1, 123.0), (0, 124.0)]);
}

#[test]
fn a_longer_range_is_answered_from_ten_second_points() {
    let metrics = MetricsCollector::new();
    run(&metrics, 0..1_205, |second| {
        metrics.set_gauge("level", (second % 10) as f64, &[]);
        metrics.increment_by("runs", second % 10, &[]);
    });
    let query = |name| Query::new(name).last(secs(600));
    let answer = ask(&metrics, &query("level").step(secs(15)).aggregate(Aggregate::Max));
    assert_eq!((answer.resolution, answer.step), (secs(10), secs(20)));
    // What is not complete yet is there too.
    assert_eq!(ages(&answer, 0).last(), Some(&(0, 4.0)));
    assert_eq!(one(&metrics, &query("level").aggregate(Aggregate::Max)), 9.0);
    assert_eq!(one(&metrics, &query("level").aggregate(Aggregate::Min)), 0.0);
    assert_eq!(one(&metrics, &query("runs").aggregate(Aggregate::Max)), 9.0);
    // 600 s back is the second 605, whose ten seconds begin at 600: 60 whole tens, and 0 + 1 + 2 + 3 + 4.
    assert_eq!(one(&metrics, &query("runs").aggregate(Aggregate::Sum)), 60.0 * 45.0 + 10.0);
    assert_eq!(one(&metrics, &query("runs").aggregate(Aggregate::Rate)), (60.0 * 45.0 + 10.0) / 605.0);
    assert_eq!(ask(&metrics, &query("level").last(secs(300))).resolution, secs(1));
    assert_eq!(ask(&metrics, &query("level").last(secs(301))).resolution, secs(10));
}

#[test]
fn points_older_than_the_retention_are_gone() {
    let metrics = MetricsCollector::builder().retention(secs(300)).build().expect("in range");
    run(&metrics, 0..2_000, |_| metrics.increment("runs", &[]));
    let answer = ask(&metrics, &Query::new("runs").last(secs(2_000)).aggregate(Aggregate::Sum));
    // As many whole tens as reach so far back, and those that are not complete.
    assert_eq!(answer.to - answer.from, 309);
    assert_eq!(answer.series[0].points[0].value, 310.0);
    assert_eq!(metrics.history_stats().evicted_points, 0, "age is no eviction");
}

#[test]
fn a_restarted_counter_goes_on_from_zero() {
    let metrics = MetricsCollector::new();
    let value = Arc::new(AtomicU64::new(100));
    let read = Arc::clone(&value);
    metrics.register_source(move |out| {
        let now = read.load(SeqCst);
        out.counter("whole_total", "").sample(&[], now);
        out.counter("parts_total", "").sample(&[], now as f64 + 0.5);
    });
    for (second, now) in (0..).zip([100, 110, 4, 6]) {
        value.store(now, SeqCst);
        metrics.tick(second * SECOND);
    }
    let sum = |name: &str| one(&metrics, &Query::new(name).aggregate(Aggregate::Sum));
    assert_eq!((sum("whole_total"), sum("parts_total")), (10.0 + 4.0 + 2.0, 10.0 + 4.5 + 2.0));
    let last = |name: &str, back: u64| {
        let query = Query::new(name).step(secs(1)).aggregate(Aggregate::Last);
        ages(&ask(&metrics, &query), 0).into_iter().find(|(age, _)| *age == back).map(|(_, value)| value)
    };
    assert_eq!((last("whole_total", 0), last("whole_total", 2)), (Some(6.0), Some(110.0)));
    assert_eq!((last("parts_total", 1), last("parts_total", 2)), (Some(4.5), Some(110.5)));
    // Ten-second points say the same.
    for second in 4..700 {
        metrics.tick(second * SECOND);
    }
    let sum = |name: &str| one(&metrics, &Query::new(name).last(secs(700)).aggregate(Aggregate::Sum));
    assert_eq!((sum("whole_total"), sum("parts_total")), (16.0, 16.5));
}

#[test]
fn a_series_that_was_away_has_no_points_and_is_not_counted_twice() {
    let metrics = MetricsCollector::new();
    let there = Arc::new(AtomicBool::new(true));
    let read = Arc::clone(&there);
    metrics.register_source(move |out| {
        if read.load(SeqCst) {
            out.gauge("level", "").sample(&[("from", "source")], 5.0);
            out.counter("work_total", "").sample(&[], 1_000u64);
        }
    });
    run(&metrics, 0..10, |_| there.store(true, SeqCst));
    run(&metrics, 10..20, |_| there.store(false, SeqCst));
    run(&metrics, 20..30, |_| there.store(true, SeqCst));
    let level = ask(&metrics, &Query::new("level").last(secs(30)).step(secs(1)));
    assert_eq!(level.series[0].points.len(), 20);
    assert!(!ages(&level, 0).iter().any(|(age, _)| (10..20).contains(age)));
    assert_eq!(one(&metrics, &Query::new("work_total").aggregate(Aggregate::Sum)), 0.0);
    assert_eq!(one(&metrics, &Query::new("level").aggregate(Aggregate::Sum)), 5.0);
}

#[test]
fn a_series_that_begins_later_has_counted_from_zero() {
    let metrics = MetricsCollector::new();
    metrics.increment_by("runs", 7, &[("kind", "old")]);
    run(&metrics, 0..5, |_| {});
    metrics.increment_by("runs", 3, &[("kind", "new")]);
    run(&metrics, 5..10, |_| {});
    // What was counted before the first reading was counted at an unknown time.
    assert_eq!(one(&metrics, &Query::new("runs").aggregate(Aggregate::Sum)), 3.0);
    assert_eq!(one(&metrics, &Query::new("runs").aggregate(Aggregate::Last)), 10.0);
}

#[test]
fn a_long_sleep_leaves_a_gap() {
    let metrics = MetricsCollector::new();
    run(&metrics, 0..10, |_| metrics.set_gauge("level", 1.0, &[]));
    metrics.increment_by("runs", 300, &[]);
    run(&metrics, 3_009..3_011, |_| {});
    let level = ask(&metrics, &Query::new("level").last(secs(3_011)).step(secs(10)));
    assert_eq!(ages(&level, 0).len(), 3, "{level:?}");
    // One reading, which covers all of it.
    let runs = ask(&metrics, &Query::new("runs").last(secs(2)).step(secs(1)).aggregate(Aggregate::Rate));
    assert_eq!(ages(&runs, 0), [(1, 0.1), (0, 0.0)]);
}

#[test]
fn a_clock_that_steps_back_loses_nothing() {
    let metrics = MetricsCollector::new();
    run(&metrics, 500..505, |_| metrics.increment("runs", &[]));
    metrics.increment("runs", &[]);
    metrics.tick(100 * SECOND);
    run(&metrics, 101..105, |_| metrics.increment("runs", &[]));
    assert_eq!(one(&metrics, &Query::new("runs").aggregate(Aggregate::Sum)), 9.0);
    assert_eq!(one(&metrics, &Query::new("runs").aggregate(Aggregate::Rate)), 9.0 / 8.0);
}

#[test]
fn histograms_have_rates_averages_and_percentiles_of_any_past_range() {
    let metrics = MetricsCollector::new();
    metrics.buckets("size", &[1.0, 2.0, 4.0, 8.0]).expect("valid");
    run(&metrics, 0..1_000, |second| {
        // The first half is small, the second half large.
        let value = if second < 700 { 1.5 } else { 6.0 };
        metrics.record_histogram("size", value, &[("half", if second < 700 { "a" } else { "b" })]);
    });
    let query = || Query::new("size").last(secs(100));
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Rate)), 1.0);
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Avg)), 6.0);
    assert_eq!(one(&metrics, &query().aggregate(Aggregate::Sum)), 600.0);
    let median =
        |query: Query| ask(&metrics, &query.aggregate(Aggregate::Percentile(0.5))).series[0].points[0];
    let recent = median(query());
    assert_eq!((recent.value, recent.lower, recent.upper), (6.0, Some(4.0), Some(8.0)));
    // Over all, 699 of 999 values are small.
    let all = median(query().last(secs(1_000)));
    assert_eq!((all.lower, all.upper), (Some(1.0), Some(2.0)));
    assert!(
        ask(&metrics, &query().tag("half", "a").aggregate(Aggregate::Avg)).series.is_empty(),
        "none recorded"
    );
    assert_eq!(one(&metrics, &query().tag("half", "a").aggregate(Aggregate::Rate)), 0.0);
}

#[test]
fn percentiles_of_gauges_are_points_or_between_them() {
    let metrics = MetricsCollector::new();
    run(&metrics, 0..1_000, |second| metrics.set_gauge("level", (second % 100) as f64, &[]));
    let query = |last| Query::new("level").last(secs(last)).aggregate(Aggregate::Percentile(0.9));
    let exact = ask(&metrics, &query(100)).series[0].points[0];
    assert_eq!((exact.value, exact.lower, exact.upper), (89.0, Some(89.0), Some(89.0)));
    let rolled = ask(&metrics, &query(1_000)).series[0].points[0];
    assert_eq!((rolled.value, rolled.lower, rolled.upper), (84.5, Some(80.0), Some(89.0)));
}

#[test]
fn a_kind_without_such_an_aggregate_is_an_error() {
    let metrics = MetricsCollector::new();
    metrics.set_gauge("level", 1.0, &[]);
    metrics.record_histogram("size", 1.0, &[]);
    metrics.tick(0);
    for (name, aggregate, kind) in [
        ("level", Aggregate::Rate, Kind::Gauge),
        ("size", Aggregate::Min, Kind::Histogram),
        ("size", Aggregate::Max, Kind::Histogram),
        ("size", Aggregate::Last, Kind::Histogram),
    ] {
        let error = metrics.query(Query::new(name).aggregate(aggregate)).expect_err("no such aggregate");
        assert_eq!(error, QueryError::Aggregate { name: name.to_owned(), kind, aggregate });
    }
}

#[test]
fn an_answer_has_a_largest_size() {
    let metrics = MetricsCollector::new();
    (0..400).for_each(|n| metrics.increment("runs", &[("n", &n.to_string())]));
    metrics.tick(0);
    run(&metrics, 10_000..10_002, |_| {});
    let query = Query::new("runs").last(secs(300)).step(secs(1));
    assert!(metrics.query(&query).is_ok());
    let error = metrics.query(query.by("n")).expect_err("120 000 points");
    assert!(matches!(error, QueryError::TooLarge { limit: 100_000, .. }), "{error}");
}

#[test]
fn nan_counts_nowhere() {
    let metrics = MetricsCollector::new();
    run(&metrics, 0..10, |second| metrics.set_gauge("level", if second < 5 { f64::NAN } else { 2.0 }, &[]));
    assert_eq!(one(&metrics, &Query::new("level")), 2.0);
    assert_eq!(ask(&metrics, &Query::new("level").step(secs(1))).series[0].points.len(), 5);
    run(&metrics, 10..400, |_| metrics.set_gauge("level", f64::NAN, &[]));
    assert_eq!(one(&metrics, &Query::new("level").last(secs(400)).aggregate(Aggregate::Min)), 2.0);
    assert!(ask(&metrics, &Query::new("level").last(secs(100))).series.is_empty());
}

#[test]
fn a_source_may_ask_the_history_and_tick() {
    let metrics = MetricsCollector::new();
    let own = metrics.clone();
    metrics.register_source(move |out| {
        let answer = own.query(Query::new("level").aggregate(Aggregate::Max)).expect("in range");
        own.tick(u64::MAX);
        out.gauge("groups", "").sample(&[], answer.series.len());
    });
    metrics.set_gauge("level", 1.0, &[]);
    run(&metrics, 0..3, |_| {});
    assert_eq!(one(&metrics, &Query::new("groups").aggregate(Aggregate::Max)), 1.0);
}

#[test]
fn the_history_speaks_of_itself_from_the_first_reading_on() {
    let metrics = MetricsCollector::new();
    assert!(!metrics.families().contains_key("sidecar_history_bytes"));
    run(&metrics, 0..3, |_| metrics.increment("runs", &[]));
    let stats = metrics.history_stats();
    assert_eq!(metrics.value("sidecar_history_bytes", &[]), Some(stats.bytes as f64));
    assert_eq!(metrics.value("sidecar_history_evicted_points_total", &[]), Some(0.0));
    assert_eq!(stats.series, 5, "runs and the history's own four");
}
