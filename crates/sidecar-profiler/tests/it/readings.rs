//! R1: what a reading gives, and when one is taken.

use crate::script::{MB, Next, Scene, near, reading};
use std::time::{Duration, SystemTime};

#[test]
fn cpu_is_in_percent_of_one_core() {
    let scene = Scene::new();
    scene.a_second_later(reading(1_250, 64));
    assert!(near(scene.profiler.snapshot().cpu_percent, 25.0));
    scene.a_second_later(reading(4_250, 64));
    assert!(near(scene.profiler.snapshot().cpu_percent, 300.0), "three busy cores");
    scene.a_second_later(reading(4_250, 64));
    assert!(near(scene.profiler.snapshot().cpu_percent, 0.0));
}

#[test]
fn before_the_second_reading_cpu_is_the_average_since_the_process_began() {
    let snapshot = Scene::new().profiler.snapshot();
    assert!(near(snapshot.cpu_percent, 10.0), "one second of CPU in ten");
    assert!(near(snapshot.memory_mb, 64.0));
}

#[test]
fn a_snapshot_has_base_units_beside_the_documents_names() {
    let scene = Scene::new();
    let mut figures = reading(1_500, 70);
    figures.thread_count = Some(9);
    let before = SystemTime::now();
    scene.a_second_later(figures);
    let snapshot = scene.profiler.snapshot();
    assert!(near(snapshot.cpu_seconds, 1.5));
    assert_eq!((snapshot.memory_bytes, snapshot.thread_count), (70 * MB, Some(9)));
    assert!(near(snapshot.memory_mb, 70.0));
    assert!(before <= snapshot.time && snapshot.time <= SystemTime::now());
}

#[test]
fn limits_of_control_groups_stand_beside_the_figures_and_drive_nothing() {
    let scene = Scene::new();
    assert_eq!(scene.profiler.snapshot().cgroup_cpu_limit_cores, None);
    let mut figures = reading(3_000, 70);
    figures.cgroup_cpu_nanos_per_second = Some(1_500_000_000);
    figures.cgroup_memory_bytes = Some(64 * MB);
    scene.a_second_later(figures);
    let snapshot = scene.profiler.snapshot();
    assert_eq!(snapshot.cgroup_cpu_limit_cores, Some(1.5));
    assert_eq!(snapshot.cgroup_memory_limit_bytes, Some(64 * MB));
    assert!(!scene.profiler.is_over_budget().is_over(), "the process is beyond both, not the sidecar");
    scene.a_second_later(reading(3_000, 70));
    assert_eq!(scene.profiler.snapshot().cgroup_memory_limit_bytes, None, "a limit may be lifted");
}

#[test]
fn the_peak_is_the_systems_where_it_tells_and_else_the_most_seen() {
    let scene = Scene::new();
    scene.a_second_later(reading(1_000, 90));
    scene.a_second_later(reading(1_000, 50));
    assert_eq!(scene.profiler.snapshot().peak_memory_bytes, 90 * MB);
    let mut figures = reading(1_000, 50);
    figures.peak_resident_bytes = Some(120 * MB);
    scene.a_second_later(figures);
    assert_eq!(scene.profiler.snapshot().peak_memory_bytes, 120 * MB);
    scene.a_second_later(reading(1_000, 50));
    assert_eq!(scene.profiler.snapshot().peak_memory_bytes, 120 * MB);
}

/// sysinfo 905 and 1351: readings too close together give nonsense.
#[test]
fn no_reading_comes_before_the_interval_is_over() {
    let scene = Scene::new();
    assert_eq!(scene.reads(), 1, "the first one is taken by build");
    let due = scene.after(Duration::from_millis(999), Next::Reads(reading(1_999, 64)));
    assert_eq!(scene.reads(), 1);
    assert_eq!(due - scene.clock.now(), 1_000_000);
    let next = scene.after(Duration::from_millis(1), Next::Reads(reading(2_000, 64)));
    assert_eq!((scene.reads(), next), (2, due + 1_000_000_000));
    assert!(near(scene.profiler.snapshot().cpu_percent, 100.0));
}

#[test]
fn a_late_reading_covers_the_whole_gap_and_is_not_made_up_for() {
    let scene = Scene::new();
    let next = scene.after(Duration::from_secs(30), Next::Reads(reading(4_000, 64)));
    assert!(near(scene.profiler.snapshot().cpu_percent, 10.0), "three seconds of CPU in thirty");
    assert_eq!((scene.reads(), next), (2, scene.clock.now() + 1_000_000_000));
    scene.profiler.tick(scene.clock.now());
    assert_eq!(scene.reads(), 2);
}

#[test]
fn a_reading_that_fails_or_panics_leaves_the_figures_and_is_counted() {
    let scene = Scene::new();
    scene.a_second_later(reading(1_500, 70));
    let before = scene.profiler.snapshot();
    scene.after(Duration::from_secs(1), Next::Fails);
    scene.after(Duration::from_secs(1), Next::Panics);
    let mut after = scene.profiler.snapshot();
    assert_eq!(after.failed_readings, 2);
    after.failed_readings = 0;
    assert_eq!(after, before);
    scene.after(Duration::from_secs(2), Next::Reads(reading(3_500, 70)));
    assert!(near(scene.profiler.snapshot().cpu_percent, 50.0), "two seconds of CPU in the four since");
}

#[test]
fn a_process_that_cannot_be_read_at_all_has_no_figures() {
    let scene = Scene::beginning_with(Next::Fails, |builder| builder);
    let snapshot = scene.profiler.snapshot();
    assert!(snapshot.cpu_percent.is_nan() && snapshot.memory_mb.is_nan(), "{snapshot:?}");
    assert_eq!((snapshot.thread_count, snapshot.failed_readings), (None, 1));
    scene.a_second_later(reading(1_000, 64));
    assert!(near(scene.profiler.snapshot().cpu_percent, 10.0), "the average since the process began");
}

#[test]
fn cpu_time_that_begins_anew_counts_from_the_next_reading_on() {
    let scene = Scene::new();
    scene.a_second_later(reading(200, 64));
    assert!(near(scene.profiler.snapshot().cpu_percent, 0.0));
    scene.a_second_later(reading(700, 64));
    assert!(near(scene.profiler.snapshot().cpu_percent, 50.0));
}
