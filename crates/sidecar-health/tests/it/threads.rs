//! With real threads and real time.

use std::sync::Arc;
use std::time::Duration;

use sidecar_health::{Cause, Component, Health, Status};

use crate::support::{Script, Step};
use sidecar_harness::eventually;

const FAST: Duration = Duration::from_millis(5);

fn fast(name: &str, script: &Script) -> Component {
    Component::new(name, script.check()).interval(FAST).timeout(Duration::from_secs(20))
}

#[test]
fn start_judges_what_is_built_in_before_it_returns() {
    let health = Health::builder().start().expect("valid settings");
    assert_eq!(health.report().status(), Status::Healthy);
    assert!(health.is_ready() && health.is_started());
}

#[test]
fn the_thread_that_ticks_is_woken_when_something_is_due_earlier() {
    let health = Health::builder().build().expect("valid settings");
    health.ticked_by(std::thread::current());
    let now = sidecar_health::Clock::new().now();
    health.tick(now);
    health.register(fast("late", &Script::default())).expect("a new name");
    let begun = std::time::Instant::now();
    std::thread::park_timeout(Duration::from_secs(30));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn checks_go_on_by_themselves_beside_one_that_hangs() {
    let (hang, pass) = (Script::of(Step::Hang), Script::default());
    let health = Health::builder()
        .component(fast("hang", &hang).timeout(FAST))
        .component(fast("pass", &pass))
        .start()
        .expect("valid settings");
    eventually("the hang is found out", || {
        health.report().component("hang").and_then(|each| each.cause()) == Some(Cause::Timeout)
    });
    let before = pass.calls();
    eventually("the other goes on", || pass.calls() > before + 20);
    assert_eq!(hang.calls(), 1);
    assert!(health.worker_threads() <= 2);
    hang.release();
}

/// A checker whose built-in components never give its thread a reason to look.
fn sleepy() -> Health {
    let hour = Duration::from_secs(3_600);
    Health::builder().built_in_interval(hour).scheduler_max_age(2 * hour).start().expect("valid settings")
}

#[test]
fn registering_wakes_a_scheduler_that_sleeps() {
    let (health, script) = (sleepy(), Script::default());
    health.register(fast("database", &script)).expect("there is room");
    eventually("it runs again and again", || script.calls() > 5);
}

#[test]
fn a_run_that_outlasts_its_interval_wakes_the_scheduler_when_it_ends() {
    let (health, script) = (sleepy(), Script::default());
    let mut check = script.check();
    let slow = move || {
        std::thread::sleep(4 * FAST);
        check()
    };
    let component = Component::new("slow", slow).interval(FAST).timeout(Duration::from_secs(20));
    health.register(component).expect("there is room");
    eventually("it runs again and again", || script.calls() > 5);
}

#[test]
fn stopping_ends_every_thread_and_drops_every_check() {
    let witness = Arc::new(());
    let health = Health::builder().start().expect("valid settings");
    for name in ["a", "b"] {
        let held = Arc::clone(&witness);
        let check = move || Arc::strong_count(&held) > 0;
        health.register(Component::new(name, check).interval(FAST)).expect("there is room");
    }
    eventually("both run", || health.worker_threads() == 2);
    health.stop();
    eventually("the threads have ended", || health.worker_threads() == 0);
    eventually("the checks are gone", || Arc::strong_count(&witness) == 1);
}

#[test]
fn dropping_the_last_handle_ends_everything_too() {
    let witness = Arc::new(());
    let held = Arc::clone(&witness);
    let health = Health::builder()
        .component(Component::new("a", move || Arc::strong_count(&held) > 0).interval(FAST))
        .start()
        .expect("valid settings");
    let other = health.clone();
    drop(health);
    eventually("it runs on for the other handle", || {
        other.report().component("a").is_some_and(|each| each.runs() > 3)
    });
    drop(other);
    eventually("the check is gone", || Arc::strong_count(&witness) == 1);
}
