//! Names, their limit, and what shares it.

use crate::support::{metrics, monitor, ms};
use sidecar_harness::Draws;
use sidecar_perf::{Completion, MAX_NAME_BYTES, OVERFLOW};
use std::sync::Arc;

#[test]
fn operations_beyond_the_limit_share_one_and_all_are_counted() {
    let (monitor, _) = monitor(|b| b.max_operations(3));
    let mut draws = Draws::seeded(3);
    for _ in 0..5_000 {
        let name = format!("operation-{}", draws.below(40));
        monitor.operation(&name).record(ms(1), Completion::ALL[draws.below(4) as usize]);
    }
    let all = monitor.snapshot();
    assert_eq!(all.len(), 4);
    assert!(all.is_sorted_by_key(|found| Arc::clone(&found.name)));
    assert_eq!(all.iter().map(|found| found.count).sum::<u64>(), 5_000);
    let overflow = metrics(&monitor, OVERFLOW);
    assert!(overflow.count > 4_000, "{}", overflow.count);
    let completions = [overflow.successes, overflow.failures, overflow.cancelled, overflow.panicked];
    assert_eq!(completions.iter().sum::<u64>(), overflow.count);
    assert!(monitor.operation_metrics("operation-unseen").is_none());
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let (monitor, _) = monitor(|b| b);
    let (one, other) = (format!("a{}", "é".repeat(150)), format!("b{}", "é".repeat(150)));
    monitor.operation(&one).record(ms(1), Completion::Success);
    assert_eq!(metrics(&monitor, &one).count, 1);
    assert_eq!(monitor.operation_metrics(&other), None);
    assert!((MAX_NAME_BYTES - 1..=MAX_NAME_BYTES).contains(&monitor.operation(&one).name().len()));
}

#[test]
fn an_empty_name_is_no_operation_of_its_own() {
    let (monitor, _) = monitor(|b| b);
    let _ = monitor.operation("work");
    for name in ["", OVERFLOW] {
        assert_eq!(&**monitor.operation(name).name(), OVERFLOW);
    }
    let names: Vec<_> = monitor.snapshot().into_iter().map(|found| found.name).collect();
    assert_eq!(names, ["work".into()], "overflow is not shown before it is used");
}

#[test]
fn handles_of_one_name_record_into_the_same_figures_and_monitors_are_apart() {
    let ((one, _), (other, _)) = (monitor(|b| b), monitor(|b| b));
    one.operation("work").record(ms(1), Completion::Success);
    one.clone().operation("work").clone().record(ms(1), Completion::Failure);
    other.operation("work").record(ms(1), Completion::Success);
    assert_eq!((metrics(&one, "work").count, metrics(&other, "work").count), (2, 1));
}
