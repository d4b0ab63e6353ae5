//! What a builder accepts.

use crate::support::{metrics, monitor, ms};
use sidecar_harness::eventually;
use sidecar_harness::process::alone;
use sidecar_perf::{Clock, Completion, PerfMonitor, PerfMonitorBuilder, StartError};
use std::time::Duration;

#[test]
fn a_setting_out_of_range_is_named() {
    type Set = fn(PerfMonitorBuilder) -> PerfMonitorBuilder;
    let wrong: [(Set, &str); 9] = [
        (|b| b.max_bytes(65_535), "max_bytes"),
        (|b| b.window(ms(99)), "window"),
        (|b| b.window(Duration::MAX), "window"),
        (|b| b.retention(Duration::from_secs(59)), "retention"),
        (|b| b.percentiles([0.5, 1.01]), "percentiles"),
        (|b| b.percentiles([f64::NAN]), "percentiles"),
        (|b| b.percentiles(vec![0.5; 33]), "percentiles"),
        (|b| b.max_operations(0), "max_operations"),
        (|b| b.sample_rate(1.5), "sample_rate"),
    ];
    for (set, field) in wrong {
        let error = set(PerfMonitor::builder()).build().expect_err(field);
        assert_eq!(error.field(), field, "{error}");
    }
}

fn set_enabled(monitor: &PerfMonitor, enabled: bool) {
    monitor.update(|settings| settings.enabled = enabled).expect("valid");
}

#[test]
fn what_is_switched_off_records_nothing_and_what_began_before_ends() {
    let (monitor, _) = monitor(|b| b.enabled(false));
    let operation = monitor.operation("work");
    operation.record(ms(1), Completion::Success);
    let unseen = operation.start();
    assert_eq!(metrics(&monitor, "work").in_flight, 0);

    set_enabled(&monitor, true);
    let seen = operation.start();
    set_enabled(&monitor, false);
    unseen.success();
    seen.success();
    assert_eq!((metrics(&monitor, "work").since_start.count, metrics(&monitor, "work").in_flight), (1, 0));
    assert!(!monitor.settings().enabled);
}

#[test]
fn the_global_monitor_is_one_and_ticked() {
    alone("settings::the_global_monitor_is_one_and_ticked", &[], || {
        PerfMonitor::global().operation("work").measure(|| ());
        // Asking for it ends no slice: ticks do.
        let before = PerfMonitor::global().bytes();
        eventually("a slice is closed", || PerfMonitor::global().bytes() > before);
        let found = PerfMonitor::global().operation_metrics("work").expect("it is the same monitor");
        assert_eq!(found.since_start.successes, 1);
    });
}

#[test]
fn one_that_is_started_is_ticked_by_its_own_clock() {
    let (clock, hand) = Clock::mock();
    hand.increment(ms(1_000));
    let monitor = PerfMonitor::builder().window(ms(120)).clock(clock).start().expect("valid settings");
    monitor.operation("work").measure(|| ());
    let before = monitor.bytes();
    hand.increment(ms(10));
    eventually("a slice is closed", || monitor.bytes() > before);
    assert_eq!(metrics(&monitor, "work").count, 1);
    let refused = PerfMonitor::builder().window(ms(99)).start();
    assert!(matches!(refused, Err(StartError::Settings(_))), "{refused:?}");
}

#[test]
fn counts_are_exact_when_durations_are_sampled() {
    for (rate, expected) in [(0.0, 0..=0), (0.1, 800..=1_200), (1.0, 10_000..=10_000)] {
        let (monitor, _) = monitor(|b| b.sample_rate(rate));
        let operation = monitor.operation("work");
        for _ in 0..5_000 {
            operation.record(ms(1), Completion::Success);
            operation.try_measure(|| Err::<(), _>(())).expect_err("it fails");
        }
        let found = metrics(&monitor, "work");
        assert_eq!((found.count, found.successes, found.failures), (10_000, 5_000, 5_000));
        assert!(expected.contains(&found.samples), "{rate}: {}", found.samples);
        assert_eq!((found.in_flight, found.latency_p50.is_some()), (0, rate > 0.0));
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
fn an_update_may_look_at_the_monitor() {
    let (monitor, _) = monitor(|builder| builder);
    let update = monitor.update(|settings| {
        monitor.operation("inside").measure(|| ());
        settings.percentiles = monitor.settings().percentiles[..1].to_vec();
    });
    assert_eq!((update, monitor.settings().percentiles.len()), (Ok(()), 1));
}

#[test]
fn a_share_that_is_changed_holds_from_then_on() {
    let (monitor, _) = monitor(|b| b.sample_rate(0.0));
    let operation = monitor.operation("work");
    let measured = || {
        operation.record(ms(1), Completion::Success);
        metrics(&monitor, "work").samples
    };
    assert_eq!(measured(), 0);
    monitor.update(|settings| settings.sample_rate = 1.0).expect("valid");
    assert_eq!(measured(), 1);
    monitor.update(|settings| settings.sample_rate = 0.0).expect("valid");
    assert_eq!((measured(), metrics(&monitor, "work").count), (1, 3));
}
