//! R1: a reading on demand.

use crate::script::{MB, Next, Scene, near, reading, reading_with_own};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn a_refresh_long_after_a_reading_is_a_reading_like_any_other() {
    let scene = Scene::new();
    scene.sets(Next::Reads(reading(1_100, 80)));
    scene.passes(Duration::from_millis(200));
    scene.profiler.refresh();
    let snapshot = scene.profiler.snapshot();
    assert!(near(snapshot.cpu_percent, 50.0) && near(snapshot.memory_mb, 80.0), "{snapshot:?}");
    assert_eq!(scene.profiler.summary(HOUR).map(|summary| summary.readings), Some(1));
    let next = scene.after(Duration::from_millis(999), Next::Fails);
    assert_eq!((scene.reads(), next - scene.clock.now()), (2, 1_000_000), "an interval after the refresh");
}

#[test]
fn a_refresh_in_a_short_run_has_its_totals() {
    let scene = Scene::new();
    let mut figures = reading_with_own(1_100, 90, 20);
    figures.age_nanos = 11_000_000_000;
    figures.thread_count = Some(3);
    scene.sets(Next::Reads(figures));
    scene.passes(Duration::from_millis(50));
    scene.profiler.refresh();
    let snapshot = scene.profiler.snapshot();
    assert!(near(snapshot.cpu_seconds, 1.1) && near(snapshot.own.cpu_seconds, 0.02), "{snapshot:?}");
    assert_eq!((snapshot.memory_bytes, snapshot.peak_memory_bytes), (90 * MB, 90 * MB));
    assert_eq!(snapshot.thread_count, Some(3));
    assert!(near(snapshot.cpu_percent, 10.0), "still the average since the process began");
    assert_eq!(scene.profiler.summary(HOUR), None);
}

#[test]
fn refreshes_in_a_loop_make_no_percentages_and_take_no_place_in_the_history() {
    let scene = Scene::new();
    scene.a_second_later(reading_with_own(1_250, 64, 10));
    let (mut cpu_millis, mut own_millis) = (1_250, 10);
    for _ in 0..100 {
        (cpu_millis, own_millis) = (cpu_millis + 10, own_millis + 1);
        scene.sets(Next::Reads(reading_with_own(cpu_millis, 64, own_millis)));
        scene.passes(Duration::from_micros(50));
        scene.profiler.refresh();
        let snapshot = scene.profiler.snapshot();
        assert!(near(snapshot.cpu_percent, 25.0) && near(snapshot.own.cpu_percent, 1.0), "{snapshot:?}");
        assert!(near(snapshot.cpu_seconds, cpu_millis as f64 / 1e3));
    }
    assert_eq!(scene.profiler.summary(HOUR).map(|summary| summary.readings), Some(1));

    let due = scene.after(Duration::from_millis(995), Next::Reads(reading_with_own(2_250, 64, 110)));
    assert_eq!(due - scene.clock.now(), 1_000_000_000, "the next reading came when it was due");
    let snapshot = scene.profiler.snapshot();
    assert!(near(snapshot.cpu_percent, 100.0), "and covers all the time since the one before");
    assert!(near(snapshot.own.cpu_percent, 10.0));
}

#[test]
fn a_refresh_at_a_time_before_the_latest_reading_is_no_point_of_the_history() {
    let scene = Scene::new();
    let ahead = scene.clock.now() + 5_000_000_000;
    scene.profiler.tick(ahead);
    scene.profiler.refresh();
    assert_eq!(scene.reads(), 3);
    let _ = scene.profiler.is_over_budget();
    assert_eq!(scene.profiler.summary(HOUR).map(|summary| summary.readings), Some(1));
    assert_eq!(scene.profiler.tick(ahead), ahead + 1_000_000_000, "nor does it bring the next one forward");
}

#[test]
fn a_refresh_that_fails_is_counted_and_changes_no_figure() {
    let scene = Scene::new();
    let before = scene.profiler.snapshot();
    for next in [Next::Fails, Next::Panics] {
        scene.sets(next);
        scene.profiler.refresh();
    }
    let mut after = scene.profiler.snapshot();
    assert_eq!(after.failed_readings, 2);
    after.failed_readings = 0;
    assert_eq!(after, before);
}
