//! A checker in virtual time, and checks that do as they are told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sidecar_core::clock::Mock;
use sidecar_harness::{Gate, eventually};
use sidecar_health::{Cause, CheckOutcome, Clock, Component, Health, HealthBuilder, Status};

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A checker whose time passes only when told.
pub(crate) struct Rig {
    pub(crate) health: Health,
    clock: Clock,
    hand: Arc<Mock>,
}

impl Rig {
    /// Built, but not ticked yet.
    pub(crate) fn new(configure: impl FnOnce(HealthBuilder) -> HealthBuilder) -> Self {
        let (clock, hand) = Clock::mock();
        let health = configure(Health::builder().clock(clock.clone())).build().expect("valid settings");
        Self { health, clock, hand }
    }

    /// Lets time pass without anyone looking.
    pub(crate) fn pass(&self, time: Duration) {
        self.hand.increment(time);
    }

    /// Moves the clock back without anyone looking.
    pub(crate) fn step_back(&self, time: Duration) {
        self.hand.decrement(time);
    }

    /// What moves the clock, for a check that takes time.
    pub(crate) fn hand(&self) -> Arc<Mock> {
        Arc::clone(&self.hand)
    }

    /// One look of the scheduler.
    pub(crate) fn tick(&self) -> u64 {
        self.health.tick(self.clock.now())
    }

    /// Lets time pass, then one look.
    pub(crate) fn after(&self, time: Duration) {
        self.pass(time);
        self.tick();
    }

    /// Lets time pass, then one look, and waits for the result of the run that it started.
    pub(crate) fn run_after(&self, time: Duration, name: &str) {
        let before = self.runs(name);
        self.after(time);
        eventually("the run has a result", || self.runs(name) > before);
    }

    /// One look, and the result of the run that it started.
    pub(crate) fn run(&self, name: &str) {
        self.run_after(Duration::ZERO, name);
    }

    pub(crate) fn runs(&self, name: &str) -> u64 {
        self.health.report().component(name).expect("it is registered").runs()
    }

    pub(crate) fn status(&self, name: &str) -> Status {
        self.health.report().component(name).expect("it is registered").status()
    }

    pub(crate) fn cause(&self, name: &str) -> Option<Cause> {
        self.health.report().component(name).expect("it is registered").cause()
    }

    pub(crate) fn message(&self, name: &str) -> Option<String> {
        self.health.report().component(name).expect("it is registered").message().map(str::to_owned)
    }
}

/// A component checked every 10 s, without jitter, with a timeout of 2 s: failed by three results in a row, and by 42 s
/// without success.
pub(crate) fn component(name: &str, check: impl FnMut() -> CheckOutcome + Send + 'static) -> Component {
    Component::new(name, check).interval(secs(10)).timeout(secs(2)).jitter(0.0)
}

/// What a scripted check does; can be changed while it is registered.
#[derive(Clone, Default)]
pub(crate) struct Script {
    calls: Arc<AtomicU64>,
    next: Arc<Mutex<Step>>,
    gate: Gate,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Step {
    #[default]
    Pass,
    Degrade,
    Fail(&'static str),
    Panic,
    /// Until [`Script::release`].
    Hang,
}

impl Script {
    pub(crate) fn of(step: Step) -> Self {
        let script = Self::default();
        script.set(step);
        script
    }

    pub(crate) fn set(&self, step: Step) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn release(&self) {
        self.gate.open();
    }

    pub(crate) fn check(&self) -> impl FnMut() -> CheckOutcome + Send + 'static {
        let script = self.clone();
        move || {
            let step = script.next.lock().unwrap_or_else(PoisonError::into_inner).clone();
            script.calls.fetch_add(1, Ordering::SeqCst);
            match step {
                Step::Pass => {}
                Step::Degrade => return CheckOutcome::degraded("limited"),
                Step::Fail(message) => return CheckOutcome::unhealthy(message),
                Step::Panic => panic!("the check panics, as it was told to"),
                Step::Hang => script.gate.enter(),
            }
            CheckOutcome::healthy()
        }
    }
}
