//! This project's.

use crate::{Checker, FAILURES, Fault, INTERVAL, TIMEOUT, Target, block, happens};
use sidecar_health::{Clock, Component, Health, HealthBuilder, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) struct Ours(Health);

impl Checker for Ours {
    fn start(target: &Target, other: &Target) -> Self {
        let runtime = runtime(4);
        let builder = [("target", target), ("other", other)]
            .into_iter()
            .fold(Health::builder(), |builder, (name, target)| builder.component(component(name, target)));
        let health = builder.runtime(runtime.handle().clone()).start().expect("valid settings");
        Self(health)
    }

    fn status(&self) -> &'static str {
        self.0.report().component("target").map_or("absent", |target| target.status().as_str())
    }
}

fn component(name: &str, target: &Target) -> Component {
    let (fault, target) = (target.fault(), target.clone());
    let component = match fault {
        Fault::HangsBlocking => Component::new(name, move || target.check_blocking()),
        _ => Component::new_async(name, move || target.check()),
    };
    let component = component.interval(INTERVAL).timeout(TIMEOUT).failure_threshold(FAILURES);
    // What is asked there is not whether a machine is quick enough.
    if fault == Fault::Flaps { component.max_age(HOUR) } else { component }
}

/// Some script blocks a thread of it for ever, so it is never shut down.
fn runtime(threads: usize) -> &'static Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_time().build();
    Box::leak(Box::new(runtime.expect("there is room for threads")))
}

/// That looks often, so that its absence shows soon.
fn quick() -> HealthBuilder {
    Health::builder().built_in_interval(INTERVAL).scheduler_max_age(8 * INTERVAL)
}

/// Drives a checker from a thread that ends.
pub(crate) fn dead_scheduler() -> String {
    let clock = Clock::new();
    let component = Component::new("target", || true).max_age(HOUR);
    let health = quick().clock(clock.clone()).component(component).build().expect("valid settings");
    let ends = Arc::new(AtomicBool::new(false));
    let (driven, told) = (health.clone(), Arc::clone(&ends));
    let driver = thread::spawn(move || {
        while !told.load(SeqCst) {
            driven.tick(clock.now());
            thread::sleep(INTERVAL / 5);
        }
    });
    assert!(happens(|| health.report().status() == Status::Healthy), "it begins well");
    ends.store(true, SeqCst);
    driver.join().expect("it does not panic");
    let turned = happens(|| health.report().status() == Status::Unhealthy);
    if turned { "unhealthy" } else { "**healthy**" }.to_owned()
}

/// Watches the runtime on which its checks run.
pub(crate) fn wedged() -> String {
    let runtime = runtime(1);
    let health = quick()
        .runtime(runtime.handle().clone())
        .watch_runtime(runtime.handle().clone())
        .runtime_ready_limit(8 * INTERVAL)
        .runtime_live_limit(16 * INTERVAL)
        .start()
        .expect("valid settings");
    assert!(happens(|| health.is_ready()), "it begins well");
    runtime.spawn(async { block() });
    let ready = !happens(|| !health.is_ready());
    let live = !happens(|| !health.is_live());
    format!(
        "{}, then {}",
        if ready { "**ready**" } else { "not ready" },
        if live { "**live**" } else { "not live" }
    )
}

/// A worker that panics drops its handle.
pub(crate) fn dead_heartbeat() -> String {
    let health = Health::builder().start().expect("valid settings");
    let beat = health.heartbeat("worker", HOUR).expect("there is room");
    beat.beat();
    assert!(health.is_live(), "it begins well");
    let worker = thread::spawn(move || {
        let _beat = beat;
        std::panic::resume_unwind(Box::new("as it was told to"));
    });
    let died = worker.join().is_err();
    if died && !health.is_live() { "not live" } else { "**live**" }.to_owned()
}

/// In virtual time.
pub(crate) fn clock_jump() -> String {
    let (clock, hand) = Clock::mock();
    hand.increment(2 * HOUR);
    let component = Component::new("target", || true).interval(INTERVAL).timeout(TIMEOUT).critical(true);
    let health = Health::builder().clock(clock.clone()).component(component).build().expect("valid settings");
    let is = |wanted| health.report().component("target").is_some_and(|target| target.status() == wanted);
    let checked = || {
        health.tick(clock.now());
        happens(|| is(Status::Healthy))
    };
    assert!(checked(), "it begins well");
    hand.increment(HOUR);
    let ahead = is(Status::Unhealthy) && checked();
    hand.decrement(2 * HOUR);
    let back = is(Status::Unhealthy) && checked();
    if ahead && back { "unhealthy until it is checked again, both times" } else { "**healthy**" }.to_owned()
}
