//! R2: summaries over a window, and the bounded history.

use crate::script::{Next, Scene, near, reading, reading_with_own};
use sidecar_profiler::MAX_READINGS;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_window_without_readings_has_no_summary() {
    let scene = Scene::new();
    assert_eq!(scene.profiler.summary(MINUTE), None, "the first reading is only measured against");
    scene.a_second_later(reading(1_000, 64));
    assert!(scene.profiler.summary(MINUTE).is_some());
    assert_eq!(scene.profiler.summary(Duration::ZERO), None);
    scene.passes(MINUTE);
    assert_eq!(scene.profiler.summary(MINUTE), None, "readings that stopped coming age out");
}

#[test]
fn averages_maxima_and_percentiles_come_from_the_readings() {
    let scene = Scene::new();
    let mut cpu_millis = 1_000;
    for percent in 1..=100 {
        cpu_millis += percent * 10;
        scene.a_second_later(reading(cpu_millis, 100 + percent));
    }
    let summary = scene.profiler.summary(Duration::from_secs(100)).expect("a hundred readings");
    assert_eq!(summary.readings, 100);
    assert!(near(summary.covered_seconds, 100.0));
    let cpu = summary.cpu_percent;
    let found = [cpu.average, cpu.maximum, cpu.p50, cpu.p95, cpu.p99];
    let expected = [50.5, 100.0, 50.0, 95.0, 99.0];
    assert!(found.iter().zip(expected).all(|(found, expected)| near(*found, expected)), "{cpu:?}");
    assert!(near(summary.memory_mb.average, 150.5) && near(summary.memory_mb.maximum, 200.0));
}

#[test]
fn readings_older_than_the_window_are_left_out() {
    let scene = Scene::new();
    scene.a_second_later(reading(2_000, 64));
    for _ in 0..10 {
        scene.a_second_later(reading(2_000, 64));
    }
    let ten = scene.profiler.summary(Duration::from_secs(10)).expect("ten readings");
    assert_eq!(ten.readings, 10);
    assert!(near(ten.cpu_percent.maximum, 0.0), "the busy second was eleven ago");
    let eleven = scene.profiler.summary(Duration::from_secs(11)).expect("eleven readings");
    assert!(near(eleven.cpu_percent.maximum, 100.0));
}

#[test]
fn memory_growth_is_from_the_windows_beginning_to_its_end() {
    let scene = Scene::new();
    scene.a_second_later(reading(1_000, 70));
    assert!(near(scene.profiler.summary(MINUTE).expect("one reading").memory_growth_mb, 6.0));
    scene.a_second_later(reading(1_000, 200));
    scene.a_second_later(reading(1_000, 50));
    assert!(near(scene.profiler.summary(MINUTE).expect("three readings").memory_growth_mb, -14.0));
    let last = scene.profiler.summary(Duration::from_secs(1)).expect("one reading");
    assert!(near(last.memory_growth_mb, -150.0));
}

#[test]
fn the_own_share_is_summed_up_apart() {
    let scene = Scene::new();
    scene.profiler.account("queue", || 10 * 1_048_576).expect("room");
    scene.a_second_later(reading_with_own(1_000, 64, 0));
    scene.a_second_later(reading_with_own(1_900, 64, 30));
    scene.a_second_later(reading_with_own(2_800, 64, 40));
    let two = scene.profiler.summary(Duration::from_secs(2)).expect("two readings");
    assert!(near(two.own_cpu_percent.average, 2.0) && near(two.own_cpu_percent.maximum, 3.0), "{two:?}");
    assert!(near(two.cpu_percent.average, 90.0));
    assert!((10.0..10.1).contains(&two.own_memory_mb.average));
}

#[test]
fn failed_readings_are_in_no_summary() {
    let scene = Scene::new();
    scene.after(Duration::from_secs(1), Next::Fails);
    assert_eq!(scene.profiler.summary(MINUTE), None);
    scene.a_second_later(reading(2_000, 64));
    let summary = scene.profiler.summary(MINUTE).expect("one reading");
    assert_eq!((summary.readings, summary.covered_seconds), (1, 2.0));
    assert!(near(summary.cpu_percent.average, 50.0));
}

#[test]
fn the_history_is_bounded_and_its_memory_is_the_sidecars() {
    let scene = Scene::new();
    for _ in 0..MAX_READINGS + 100 {
        scene.a_second_later(reading(1_000, 64));
    }
    let all = scene.profiler.summary(Duration::MAX).expect("readings");
    assert_eq!(all.readings, MAX_READINGS);
    let bytes = scene.profiler.snapshot().own.memory_bytes;
    assert!((200_000..500_000).contains(&bytes), "{bytes}");
}
