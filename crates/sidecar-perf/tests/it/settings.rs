//! Settings are checked by `build` and by `update`, and take effect at once.

use crate::{ends, monitor};
use sidecar_perf::{Completion, OVERFLOW, PerfMonitor};
use std::time::Duration;

#[test]
fn every_setting_has_a_range() {
    for bad in [-0.1, 1.1, f64::NAN] {
        let error = PerfMonitor::builder().sample_rate(bad).build().expect_err("out of range");
        assert_eq!(error.field(), "sample_rate");
        let error = PerfMonitor::builder().percentiles([0.5, bad]).build().expect_err("out of range");
        assert_eq!((error.field(), error.value()), ("percentiles", &*bad.to_string()));
    }
    let error = PerfMonitor::builder().percentiles([0.5; 33]).build().expect_err("too many");
    assert_eq!(error.to_string(), "percentiles is of length 33, but must be of length 32 at most");
    for bad in [Duration::ZERO, Duration::from_millis(999), Duration::from_secs(86_401), Duration::MAX] {
        let error = PerfMonitor::builder().window(bad).build().expect_err("out of range");
        assert_eq!(error.field(), "window");
    }
    for bad in [0, 100_001] {
        let error = PerfMonitor::builder().max_operations(bad).build().expect_err("out of range");
        assert_eq!(error.field(), "max_operations");
    }
    for good in [Duration::from_secs(1), Duration::from_secs(86_400)] {
        assert!(PerfMonitor::builder().window(good).percentiles([0.0, 1.0]).build().is_ok());
    }
}

#[test]
fn a_refused_update_changes_nothing() {
    let (monitor, _) = monitor(|builder| builder);
    let before = monitor.settings();
    let update = monitor.update(|settings| {
        settings.enabled = false;
        settings.sample_rate = 2.0;
    });
    assert_eq!(update.expect_err("out of range").field(), "sample_rate");
    assert_eq!(monitor.settings(), before);
    monitor.operation("work").measure(|| ());
    assert_eq!(monitor.snapshot()[0].count, 1);
}

#[test]
fn disabled_nothing_begins_and_what_has_begun_ends() {
    let (monitor, _) = monitor(|builder| builder);
    let operation = monitor.operation("work");
    let timer = operation.start();
    monitor.update(|settings| settings.enabled = false).expect("valid");
    operation.measure(|| ());
    operation.record(Duration::ZERO, Completion::Failure);
    drop(operation.start());
    assert_eq!((monitor.snapshot()[0].count, monitor.snapshot()[0].in_flight), (0, 1));
    timer.success();
    assert_eq!((ends(&monitor.snapshot()[0]), monitor.snapshot()[0].in_flight), ([1, 0, 0, 0], 0));
    let unrecorded = operation.start();
    monitor.update(|settings| settings.enabled = true).expect("valid");
    unrecorded.success();
    operation.measure(|| ());
    assert_eq!((monitor.snapshot()[0].count, monitor.snapshot()[0].in_flight), (2, 0));
}

#[test]
fn sampling_leaves_the_counts_exact() {
    let (monitor, _) = monitor(|builder| builder.sample_rate(0.25));
    let operation = monitor.operation("work");
    let record = |completion| operation.record(Duration::from_millis(5), completion);
    for _ in 0..1_000 {
        Completion::ALL.into_iter().for_each(record);
    }
    let metrics = &monitor.snapshot()[0];
    assert_eq!(ends(metrics), [1_000; 4]);
    // The draws are the same in every run: within five standard deviations of a quarter.
    assert!((863..=1_137).contains(&metrics.samples), "{}", metrics.samples);
    assert_eq!((metrics.latency_p50, metrics.latency_avg), (Some(5.0), Some(5.0)));

    monitor.update(|settings| settings.sample_rate = 0.0).expect("valid");
    let samples = metrics.samples;
    (0..100).for_each(|_| record(Completion::Success));
    assert_eq!((monitor.snapshot()[0].samples, monitor.snapshot()[0].successes), (samples, 1_100));
    monitor.update(|settings| settings.sample_rate = 1.0).expect("valid");
    (0..100).for_each(|_| record(Completion::Success));
    assert_eq!(monitor.snapshot()[0].samples, samples + 100);
}

#[test]
fn the_percentiles_of_the_settings_are_listed_in_their_order() {
    let (monitor, _) = monitor(|builder| builder.percentiles([0.999, 0.25]));
    let operation = monitor.operation("work");
    (1..=1_000).for_each(|millis| operation.record(Duration::from_millis(millis), Completion::Success));
    let listed = || -> Vec<f64> {
        monitor.snapshot()[0].percentiles.iter().map(|percentile| percentile.quantile).collect()
    };
    assert_eq!(listed(), [0.999, 0.25]);
    monitor.update(|settings| settings.percentiles = vec![]).expect("valid");
    assert!(listed().is_empty());
    assert!(monitor.snapshot()[0].latency_p95.is_some(), "those with a name are always there");
}

#[test]
fn operations_beyond_the_limit_share_one_whose_counts_are_exact() {
    let (monitor, _) = monitor(|builder| builder.max_operations(3));
    for round in 0..2 {
        for name in ["c", "a", "b", "d", "e"] {
            monitor.operation(name).measure(|| ());
        }
        assert_eq!(monitor.operation("d").name(), OVERFLOW, "round {round}");
    }
    monitor.operation(OVERFLOW).measure(|| ());
    let found: Vec<_> = monitor.snapshot().iter().map(|row| (row.name.to_string(), row.count)).collect();
    let row = |name: &str, count| (name.to_owned(), count);
    assert_eq!(found, [row("a", 2), row("b", 2), row("c", 2), row(OVERFLOW, 5)]);
    assert_eq!((monitor.operation_metrics("d"), monitor.operations().len()), (None, 4));
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let (monitor, _) = monitor(|builder| builder);
    let (one, other) = (format!("a{}", "x".repeat(300)), format!("b{}", "x".repeat(300)));
    monitor.operation(&one).measure(|| ());
    assert_eq!(monitor.operation_metrics(&one).expect("it is known").count, 1);
    assert_eq!(monitor.operation_metrics(&other), None);
    assert_eq!(monitor.operation(&one).name().len(), 256);
}

#[test]
fn an_update_may_look_at_the_monitor() {
    let (monitor, _) = monitor(|builder| builder);
    let update = monitor.update(|settings| {
        monitor.operation("inside").measure(|| ());
        settings.percentiles = monitor.settings().percentiles[..1].to_vec();
    });
    assert_eq!((update, monitor.settings().percentiles.len()), (Ok(()), 1));
}
