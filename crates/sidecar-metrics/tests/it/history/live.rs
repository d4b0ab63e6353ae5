//! Bounds that change while the history is kept.

use super::*;

/// Readings of every tenth second: each is a counter of 1 a second and a gauge that is the second.
fn tens(metrics: &MetricsCollector, seconds: std::ops::Range<u64>) {
    for n in seconds.step_by(10) {
        metrics.increment_by("runs", 10, &[]);
        metrics.set_gauge("level", n as f64, &[]);
        metrics.tick(n * SECOND);
    }
}

fn built(retention: u64) -> MetricsCollector {
    MetricsCollector::builder().retention(secs(retention)).build().expect("in range")
}

fn oldest(metrics: &MetricsCollector) -> u64 {
    let query = Query::new("level").last(secs(7_200)).step(secs(10)).aggregate(Aggregate::Max);
    ages(&ask(metrics, &query), 0)[0].0
}

#[test]
fn a_shorter_retention_drops_what_is_beyond_it_at_once() {
    let metrics = built(3_600);
    tens(&metrics, 0..3_000);
    assert!(oldest(&metrics) > 2_900, "{}", oldest(&metrics));
    metrics.set_history(secs(600), 30_000_000).expect("in range");
    assert!((590..=600).contains(&oldest(&metrics)), "{}", oldest(&metrics));
    let stats = metrics.history_stats();
    assert_eq!((stats.retention, stats.max_bytes), (secs(600), 30_000_000));
    assert_eq!(stats.evicted_points, 0, "their time is over");
    tens(&metrics, 3_000..4_000);
    assert!((590..=600).contains(&oldest(&metrics)), "{}", oldest(&metrics));
}

#[test]
fn a_longer_retention_keeps_what_there_is_and_what_comes() {
    let metrics = built(600);
    tens(&metrics, 0..3_000);
    metrics.set_history(secs(1_200), 30_000_000).expect("in range");
    assert!((590..=600).contains(&oldest(&metrics)), "{}", oldest(&metrics));
    tens(&metrics, 3_000..3_300);
    assert!((890..=910).contains(&oldest(&metrics)), "{}", oldest(&metrics));
    tens(&metrics, 3_300..6_000);
    assert!((1_190..=1_200).contains(&oldest(&metrics)), "{}", oldest(&metrics));
    let runs = Query::new("runs").last(secs(1_000)).aggregate(Aggregate::Sum);
    // Whole tens: one more reading than a hundred.
    assert_eq!(one(&metrics, &runs), 1_010.0);
}

#[test]
fn fewer_bytes_hold_at_once_and_cost_the_finest_first() {
    let metrics = MetricsCollector::new();
    for n in 0..1_500 {
        (0..60).for_each(|tag| {
            metrics.set_gauge("level", (n * 7 + tag) as f64 / 3.0, &[("n", &tag.to_string())])
        });
        metrics.tick(n * SECOND);
    }
    let before = metrics.history_stats();
    assert!(before.bytes > 200_000 && before.evicted_points == 0, "{before:?}");
    let max = |last| Query::new("level").last(secs(last)).aggregate(Aggregate::Max);
    let highest = one(&metrics, &max(1_000));
    metrics.set_history(secs(3_600), 200_000).expect("in range");
    let after = metrics.history_stats();
    assert!(after.bytes <= 200_000 && after.bytes > 100_000, "{after:?}");
    assert!(after.evicted_points > 0 && after.series == before.series, "{after:?}");
    // The seconds went, the tens did not have to.
    assert_eq!(one(&metrics, &max(1_000)), highest);
    assert_eq!(ask(&metrics, &max(300)).resolution, secs(10));
    for n in 1_500..1_700 {
        (0..60).for_each(|tag| {
            metrics.set_gauge("level", (n * 7 + tag) as f64 / 3.0, &[("n", &tag.to_string())])
        });
        metrics.tick(n * SECOND);
        assert!(metrics.history_stats().bytes <= 200_000, "{n}: {:?}", metrics.history_stats());
    }
}

#[test]
fn series_that_no_longer_fit_begin_anew_and_count_nothing_twice() {
    let metrics = MetricsCollector::new();
    let second = |n: u64| {
        (0..400).for_each(|tag| metrics.increment_by("runs", 5, &[("n", &tag.to_string())]));
        metrics.tick(n * SECOND);
    };
    (0..100).for_each(second);
    assert_eq!(metrics.history_stats().series_left_out, 0);
    metrics.set_history(secs(3_600), 64_000).expect("in range");
    let stats = metrics.history_stats();
    assert!(stats.bytes <= 64_000 && stats.series == 0 && stats.series_left_out >= 400, "{stats:?}");
    let runs = Query::new("runs").last(secs(300)).by("n").aggregate(Aggregate::Sum);
    assert!(ask(&metrics, &runs).series.is_empty(), "their past is over");
    (100..110).for_each(|n| {
        second(n);
        assert!(metrics.history_stats().bytes <= 64_000, "{n}: {:?}", metrics.history_stats());
    });
    let some = ask(&metrics, &runs).series;
    assert!(!some.is_empty() && some.len() < 400, "{}", some.len());
    for series in &some {
        let value = series.points[0].value;
        assert!(
            value <= 45.0,
            "{value}: what was counted before the first of ten readings is none of theirs"
        );
    }
    metrics.set_history(secs(3_600), 30_000_000).expect("in range");
    (110..120).for_each(second);
    assert_eq!((ask(&metrics, &runs).series.len(), metrics.history_stats().series_left_out), (400, 0));
}

#[test]
fn what_is_out_of_range_changes_nothing() {
    let metrics = built(3_600);
    tens(&metrics, 0..2_000);
    for (retention, bytes, field) in
        [(299, 64_000, "retention"), (604_801, 64_000, "retention"), (300, 63_999, "history_bytes")]
    {
        let error = metrics.set_history(secs(retention), bytes).expect_err("out of range");
        assert_eq!(error.field(), field);
    }
    assert!(oldest(&metrics) > 1_900);
}
