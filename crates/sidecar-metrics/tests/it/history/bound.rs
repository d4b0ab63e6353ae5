use super::*;

/// One reading of `series` counters and gauges that all change, a histogram among them.
fn second(metrics: &MetricsCollector, second: u64, series: u64) {
    for n in 0..series {
        let tag = n.to_string();
        let noise = (second * 7_919 + n * 104_729) % 9_973;
        metrics.increment_by("runs", noise, &[("n", &tag)]);
        metrics.set_gauge("level", noise as f64 / 7.0, &[("n", &tag)]);
    }
    metrics.record_histogram("size", (second % 97) as f64, &[]);
    metrics.tick(second * SECOND);
}

#[test]
fn the_bound_holds_and_the_finest_go_first() {
    let bound = 200_000;
    let metrics = MetricsCollector::builder().history_bytes(bound).build().expect("in range");
    let mut evicted = 0;
    for n in 0..1_500 {
        second(&metrics, n, 50);
        let stats = metrics.history_stats();
        assert!(stats.bytes <= bound as u64, "{n}: {stats:?}");
        assert!(stats.evicted_points >= evicted);
        evicted = stats.evicted_points;
    }
    assert!(evicted > 0);
    assert_eq!(metrics.history_stats().series_left_out, 0);
    // No second is left of the last five minutes, but tens are; and both metrics reach back equally far.
    let query = |name| Query::new(name).last(secs(300)).step(secs(10)).aggregate(Aggregate::Max).by("n");
    let (runs, level) = (ask(&metrics, &query("runs")), ask(&metrics, &query("level")));
    assert_eq!(runs.resolution, secs(10));
    let lengths: Vec<_> = runs.series.iter().chain(&level.series).map(|series| series.points.len()).collect();
    assert_eq!(lengths, vec![lengths[0]; 100]);
    assert!(lengths[0] > 10, "{lengths:?}");
}

#[test]
fn series_beyond_the_bound_are_left_out_and_said() {
    let metrics = MetricsCollector::builder().history_bytes(64_000).build().expect("in range");
    for n in 0..40 {
        second(&metrics, n, 400);
        assert!(metrics.history_stats().bytes <= 64_000, "{:?}", metrics.history_stats());
    }
    let stats = metrics.history_stats();
    assert!(stats.series_left_out > 700 && stats.series > 20, "{stats:?}");
}

#[test]
fn series_that_are_gone_and_have_no_points_make_room() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    let metrics = MetricsCollector::builder().retention(secs(300)).build().expect("in range");
    let now = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&now);
    metrics.register_source(move |out| {
        // A new series and a new metric every ten seconds.
        let tens = (read.load(SeqCst) / 10).to_string();
        out.gauge("level", "").sample(&[("tens", &tens)], 1.0);
        out.gauge(&format!("level_{tens}"), "").sample(&[], 1.0);
    });
    let mut bytes = 0;
    for n in 0..3_000 {
        now.store(n, SeqCst);
        metrics.tick(n * SECOND);
        if n == 1_500 {
            bytes = metrics.history_stats().bytes;
        }
    }
    let stats = metrics.history_stats();
    assert!(stats.series < 80, "{stats:?}");
    assert!(stats.bytes < bytes * 11 / 10, "{stats:?}, {bytes} before");
    assert!(ask(&metrics, &Query::new("level_0").last(secs(3_000))).series.is_empty());
}

#[test]
fn what_stays_as_it_is_takes_no_room() {
    let metrics = MetricsCollector::new();
    for n in 0..2_000 {
        metrics.set_gauge("level", 1.5, &[("n", &n.to_string())]);
        metrics.increment("runs", &[("n", &n.to_string())]);
    }
    let ticks = |range: std::ops::Range<u64>| range.for_each(|n| assert!(metrics.tick(n * SECOND) > n));
    ticks(0..20);
    let before = metrics.history_stats().bytes;
    ticks(20..300);
    let after = metrics.history_stats().bytes;
    // 280 seconds of 4 000 series.
    assert!(after - before < 40_000, "{before} {after}");
}
