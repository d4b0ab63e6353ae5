//! Error budgets and how fast they burn.

use crate::support::{monitor, ms};
use sidecar_perf::{Completion, MAX_OBJECTIVES, Objective};
use std::time::Duration;

fn near(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() < 1e-9)
}

#[test]
fn a_success_rate_burns_by_what_failed_and_panicked() {
    let (monitor, _) = monitor(|b| b);
    let operation = monitor.operation("work");
    let objective = operation.objective(Objective::success_rate(0.99)).expect("in range");
    assert_eq!((objective.burn_rate(), objective.report().window.left()), (None, None));
    for (completion, times) in [
        (Completion::Success, 95),
        (Completion::Failure, 3),
        (Completion::Panicked, 2),
        (Completion::Cancelled, 50),
    ] {
        (0..times).for_each(|_| operation.record(ms(1), completion));
    }
    let report = objective.report();
    assert_eq!((report.window.total, report.window.missed), (100, 5));
    assert!(near(objective.burn_rate(), 5.0) && near(report.window.left(), -4.0), "{report:?}");
}

#[test]
fn a_latency_burns_by_what_took_longer() {
    let (monitor, _) = monitor(|b| b);
    let objective = monitor.objective("work", Objective::latency(0.9, ms(250))).expect("in range");
    let operation = monitor.operation("work");
    for each in [1, 100, 240, 260, 300, 5_000] {
        operation.record(ms(each), Completion::Success);
    }
    let report = objective.report();
    assert_eq!((report.window.total, report.window.missed), (6, 3));
    assert!(near(objective.burn_rate(), 5.0), "{report:?}");
    assert_eq!(monitor.objectives(), [report]);
}

#[test]
fn a_limit_that_nothing_exceeds_is_kept_though_it_is_inside_a_bucket() {
    let (monitor, _) = monitor(|b| b);
    let objective = monitor.objective("work", Objective::latency(0.9, ms(250))).expect("in range");
    (0..10).for_each(|_| monitor.operation("work").record(ms(250), Completion::Success));
    assert_eq!(objective.burn_rate(), Some(0.0));
}

#[test]
fn a_failure_that_is_over_burns_the_long_span_alone() {
    let (monitor, hand) = monitor(|b| b);
    let operation = monitor.operation("work");
    let objective = operation.objective(Objective::success_rate(0.9)).expect("in range");
    let minutes = |minutes: u64, completion: Completion| {
        for _ in 0..minutes * 12 {
            operation.record(ms(1), completion);
            hand.increment(ms(5_000));
            monitor.tick(monitor.clock().now());
        }
    };
    minutes(30, Completion::Success);
    minutes(10, Completion::Failure);
    let report = objective.report();
    assert!(near(report.window.burn_rate(), 10.0) && near(report.retention.burn_rate(), 2.5), "{report:?}");
    assert!(report.burns_faster_than(2.0) && !report.burns_faster_than(3.0));

    minutes(20, Completion::Success);
    let report = objective.report();
    assert!(near(report.window.burn_rate(), 0.0), "{report:?}");
    assert!(report.retention.burn_rate() > Some(1.5) && !report.burns_faster_than(1.0), "{report:?}");

    minutes(66, Completion::Success);
    assert!(near(objective.report().retention.burn_rate(), 0.0), "an hour and a twelfth later");
}

#[test]
fn targets_and_numbers_of_objectives_are_bounded() {
    let (monitor, _) = monitor(|b| b);
    for target in [0.0, 1.0, -0.1, f64::NAN] {
        let error = monitor.objective("work", Objective::success_rate(target)).expect_err("out of range");
        assert_eq!(error.field(), "target");
    }
    let objective = Objective::latency(0.999, Duration::from_millis(5));
    (0..MAX_OBJECTIVES).for_each(|_| drop(monitor.objective("work", objective).expect("there is room")));
    assert_eq!(monitor.objective("work", objective).expect_err("no room").field(), "objectives");
    assert_eq!(monitor.objectives().len(), MAX_OBJECTIVES);
    assert_eq!(objective.to_string(), "99.9 % within 5ms");
    assert_eq!(Objective::success_rate(0.9999).to_string(), "99.99 % succeed");
    assert_eq!((objective.target(), objective.limit()), (0.999, Some(Duration::from_millis(5))));
}
