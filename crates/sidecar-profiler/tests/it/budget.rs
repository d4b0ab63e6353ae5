//! R3: whether the sidecar's own share is within its budget.

use crate::script::{MB, Scene, near, reading_with_own};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[test]
fn a_busy_host_is_not_over_budget() {
    let scene = Scene::new();
    for second in 1..=20 {
        scene.a_second_later(reading_with_own(1_000 + second * 4_000, 4_000, second));
    }
    let report = scene.profiler.is_over_budget();
    assert!(!report.is_over(), "{report:?}");
    assert!(near(report.cpu_percent, 0.1) && report.memory_mb < 1.0);
    assert_eq!((report.max_cpu_percent, report.max_memory_mb), (5.0, 100.0));
    assert_eq!((report.cpu_excess_percent, report.memory_excess_mb), (0.0, 0.0));
}

#[test]
fn too_much_cpu_is_said_with_its_excess() {
    let scene = Scene::with(|builder| builder.max_cpu_percent(2.0));
    for second in 0..12 {
        scene.a_second_later(reading_with_own(1_000, 64, second * 30));
    }
    let report = scene.profiler.is_over_budget();
    assert!(report.cpu_over_budget && !report.memory_over_budget && report.is_over(), "{report:?}");
    assert!(near(report.cpu_percent, 3.0) && near(report.cpu_excess_percent, 1.0));
}

#[test]
fn too_much_memory_is_said_with_its_excess() {
    let scene = Scene::with(|builder| builder.max_memory_mb(8.0));
    let held = Arc::new(AtomicU64::new(8 * MB));
    let bytes = Arc::clone(&held);
    scene.profiler.account("queue", move || bytes.load(SeqCst)).expect("room");
    scene.a_second_later(reading_with_own(1_000, 64, 0));
    let report = scene.profiler.is_over_budget();
    assert!(!report.memory_over_budget, "the limit itself is within the budget: {report:?}");
    held.store(10 * MB, SeqCst);
    scene.a_second_later(reading_with_own(1_000, 64, 0));
    let report = scene.profiler.is_over_budget();
    assert!(report.memory_over_budget && !report.cpu_over_budget, "{report:?}");
    assert!((2.0..2.1).contains(&report.memory_excess_mb) && (10.0..10.1).contains(&report.memory_mb));
    held.store(MB, SeqCst);
    scene.a_second_later(reading_with_own(1_000, 64, 0));
    assert!(!scene.profiler.is_over_budget().is_over());
}

#[test]
fn one_busy_second_is_no_breach_and_work_that_goes_on_is() {
    let scene = Scene::new();
    for _ in 0..10 {
        scene.a_second_later(reading_with_own(1_000, 64, 0));
    }
    scene.a_second_later(reading_with_own(1_000, 64, 400));
    let report = scene.profiler.is_over_budget();
    assert!(near(report.cpu_percent, 4.0) && !report.cpu_over_budget, "{report:?}");
    assert!(near(scene.profiler.snapshot().own.cpu_percent, 40.0), "the snapshot shows the second itself");
    scene.a_second_later(reading_with_own(1_000, 64, 600));
    assert!(scene.profiler.is_over_budget().cpu_over_budget);
    for _ in 0..10 {
        scene.a_second_later(reading_with_own(1_000, 64, 600));
    }
    assert!(near(scene.profiler.is_over_budget().cpu_percent, 0.0), "ten quiet seconds later it is over");
}

#[test]
fn before_the_second_reading_the_life_of_the_process_is_judged() {
    let scene =
        Scene::beginning_with(crate::script::Next::Reads(reading_with_own(1_000, 64, 700)), |builder| {
            builder
        });
    let report = scene.profiler.is_over_budget();
    assert!(report.cpu_over_budget && near(report.cpu_percent, 7.0), "{report:?}");
}
