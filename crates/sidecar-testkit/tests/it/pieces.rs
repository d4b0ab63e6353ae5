//! The kit's parts fit where the pieces take them.

use sidecar_breaker::Breaker;
use sidecar_health::{Component, Health, Status};
use sidecar_observer::Observer;
use sidecar_sampler::Sampler;
use sidecar_testkit::{Draws, PATIENCE, Script, Step, VirtualClock, drive_open};
use std::time::{Duration, Instant};

#[test]
fn every_builder_takes_the_clock() {
    let clock = VirtualClock::new();
    let sampler =
        Sampler::builder().rate("events", 0.5).clock(clock.clock()).build().expect("valid settings");
    assert!(sampler.boost("events", 2.0, Duration::from_secs(60)));
    assert_eq!(sampler.rate(sampler.intern("page_view")), 1.0);
    clock.advance(Duration::from_secs(61));
    let login = sampler.intern("page_view");
    let _ = sampler.decide(login);
    assert_eq!(sampler.rate(login), 0.5);
    assert!(Observer::builder().clock(&clock).start().is_ok());
    assert!(Health::builder().clock(&clock).build().is_ok());
}

#[test]
fn a_script_is_a_check_and_the_clock_decides_when_it_runs() {
    let clock = VirtualClock::new();
    let database = Script::new([Step::Ok]).then(Step::Err);
    let check = database.clone();
    let component = Component::new("database", move || check.check()).interval(Duration::from_secs(30));
    let health = Health::builder().component(component).clock(&clock).build().expect("valid settings");
    let ticks_until = |is_done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !is_done() && begun.elapsed() < PATIENCE {
            health.tick(clock.now());
            std::thread::yield_now();
        }
    };
    // Not only begun but noted: the interval counts from there.
    ticks_until(&|| health.report().status() == Status::Healthy);
    assert_eq!(database.calls(), 1);
    clock.advance(Duration::from_secs(31));
    ticks_until(&|| database.calls() == 2);
    assert_eq!(database.calls(), 2);
}

#[test]
fn seeds_repeat_what_samplers_and_breakers_draw() {
    let waits = |seed| {
        let clock = VirtualClock::new();
        let jittery =
            Breaker::builder("x").timeout_jitter(1.0).clock(&clock).seed(Draws::seeded(seed).seed());
        let breaker = jittery.build().expect("valid settings");
        drive_open(&breaker);
        breaker.try_acquire().expect_err("it is open").retry_after()
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}
