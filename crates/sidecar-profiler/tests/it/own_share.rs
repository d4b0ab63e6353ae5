//! R1: the sidecar's own share, apart from the process.

use crate::script::{MB, Next, Scene, near, reading, reading_with_own};
use sidecar_profiler::MAX_METERS;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// A meter that the test turns.
fn dial() -> (Arc<AtomicU64>, impl Fn() -> u64 + Send + Sync + 'static) {
    let dial = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&dial);
    (dial, move || read.load(SeqCst))
}

#[test]
fn own_cpu_is_that_of_the_threads_and_of_the_charges() {
    let scene = Scene::new();
    let (observe, cost) = dial();
    scene.profiler.charge("observe", cost).expect("room");
    scene.a_second_later(reading_with_own(1_000, 64, 100));
    observe.store(20_000_000, SeqCst);
    scene.a_second_later(reading_with_own(2_000, 64, 130));
    let own = scene.profiler.snapshot().own;
    assert!(near(own.cpu_percent, 5.0), "30 ms of threads and 20 ms of calls in a second: {own:?}");
    assert!(near(own.cpu_seconds, 0.15));
    assert!(near(own.charged_cpu_seconds, 0.02));
    assert_eq!(own.threads_cpu_seconds, Some(0.13));
}

#[test]
fn own_memory_is_what_the_accounts_say_and_not_what_is_resident() {
    let scene = Scene::new();
    let (queue, bytes) = dial();
    scene.profiler.account("queue", bytes).expect("room");
    scene.profiler.account("history", || 2 * MB).expect("room");
    queue.store(3 * MB, SeqCst);
    scene.a_second_later(reading(1_000, 900));
    let own = scene.profiler.snapshot().own;
    assert_eq!(own.memory_bytes, 5 * MB, "the profiler's history is empty at that moment");
    assert!(near(own.memory_mb, 5.0));
    queue.store(MB, SeqCst);
    scene.a_second_later(reading(1_000, 900));
    let freed = scene.profiler.snapshot().own.memory_bytes;
    assert!((3 * MB..4 * MB).contains(&freed), "and so many bytes of its own history: {freed}");
}

#[test]
fn where_threads_cannot_be_read_charges_alone_count() {
    let scene = Scene::new();
    scene.profiler.charge("observe", || 40_000_000).expect("room");
    scene.a_second_later(reading(1_000, 64));
    let own = scene.profiler.snapshot().own;
    assert_eq!(own.threads_cpu_seconds, None);
    assert!(near(own.cpu_percent, 4.0));
}

#[test]
fn no_news_of_the_threads_takes_nothing_away() {
    let scene = Scene::new();
    scene.a_second_later(reading_with_own(1_000, 64, 100));
    scene.a_second_later(reading(1_000, 64));
    let own = scene.profiler.snapshot().own;
    assert!(near(own.cpu_percent, 0.0) && near(own.cpu_seconds, 0.1), "{own:?}");
    scene.a_second_later(reading_with_own(1_000, 64, 150));
    assert!(near(scene.profiler.snapshot().own.cpu_percent, 5.0));
}

#[test]
fn a_charge_that_falls_has_begun_anew() {
    let scene = Scene::new();
    let (observe, cost) = dial();
    scene.profiler.charge("observe", cost).expect("room");
    observe.store(500_000_000, SeqCst);
    scene.a_second_later(reading(1_000, 64));
    observe.store(20_000_000, SeqCst);
    scene.a_second_later(reading(1_000, 64));
    let own = scene.profiler.snapshot().own;
    assert!(near(own.cpu_percent, 2.0) && near(own.cpu_seconds, 0.52), "{own:?}");
}

#[test]
fn a_charge_registered_again_keeps_what_the_former_one_counted() {
    let scene = Scene::new();
    scene.profiler.charge("observe", || 30_000_000).expect("room");
    scene.a_second_later(reading(1_000, 64));
    scene.profiler.charge("observe", || 40_000_000).expect("room");
    scene.a_second_later(reading(1_000, 64));
    assert!(near(scene.profiler.snapshot().own.cpu_seconds, 0.07));
}

#[test]
fn an_account_that_panics_keeps_its_last_value_and_the_others_are_read() {
    let scene = Scene::new();
    let (queue, bytes) = dial();
    queue.store(3 * MB, SeqCst);
    let panicking = move || match bytes() {
        0 => panic!("the account panics"),
        bytes => bytes,
    };
    scene.profiler.account("queue", panicking).expect("room");
    let (other, bytes) = dial();
    scene.profiler.account("other", bytes).expect("room");
    scene.a_second_later(reading(1_000, 64));
    queue.store(0, SeqCst);
    other.store(MB, SeqCst);
    scene.a_second_later(reading(1_250, 64));
    let snapshot = scene.profiler.snapshot();
    assert!((4 * MB..5 * MB).contains(&snapshot.own.memory_bytes), "{:?}", snapshot.own);
    assert_eq!(snapshot.failed_readings, 1);
    assert!(near(snapshot.cpu_percent, 25.0));
}

#[test]
fn closures_may_call_the_profiler_and_register_more() {
    let scene = Scene::new();
    let profiler = scene.profiler.clone();
    let calls_back = move || {
        profiler.account("nested", || 7).expect("room");
        profiler.tick(u64::MAX);
        let _ = profiler.summary(Duration::from_secs(60));
        profiler.snapshot().memory_bytes + u64::from(profiler.is_over_budget().is_over())
    };
    scene.profiler.account("calls back", calls_back).expect("room");
    scene.a_second_later(reading(1_000, 64));
    assert_eq!((scene.reads(), scene.profiler.snapshot().failed_readings), (2, 0));
    // Ends the cycle of the closure and the profiler it holds.
    scene.profiler.account("calls back", || 0).expect("room");
}

#[test]
fn accounts_and_charges_are_bounded_each() {
    let scene = Scene::new();
    for n in 0..MAX_METERS {
        scene.profiler.account(format!("account {n}"), || 1_000).expect("room");
        scene.profiler.charge(format!("charge {n}"), || 1_000_000).expect("room");
    }
    let refused = scene.profiler.account("one more", || MB).expect_err("full");
    assert_eq!(refused.name(), "one more");
    assert_eq!(refused.to_string(), "no room for \"one more\": there are 64 already");
    assert!(scene.profiler.charge("one more", || 1).is_err());
    scene.profiler.account("account 0", || 2_000).expect("replaced, not added");
    scene.a_second_later(reading(1_000, 64));
    let own = scene.profiler.snapshot().own;
    assert_eq!(own.memory_bytes, 65_000);
    assert!(near(own.charged_cpu_seconds, 0.064));
}

#[test]
fn sums_saturate() {
    let scene = Scene::new();
    for name in ["a", "b"] {
        scene.profiler.account(name, || u64::MAX).expect("room");
        scene.profiler.charge(name, || u64::MAX).expect("room");
    }
    for _ in 0..2 {
        scene.after(Duration::from_secs(1), Next::Reads(reading_with_own(1_000, 64, 100)));
    }
    let snapshot = scene.profiler.snapshot();
    assert_eq!((snapshot.own.memory_bytes, snapshot.failed_readings), (u64::MAX, 0));
}
