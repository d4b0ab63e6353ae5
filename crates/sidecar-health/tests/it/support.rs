//! A checker in virtual time, and checks that do as they are told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sidecar_core::clock::Mock;
use sidecar_health::{Cause, CheckOutcome, Clock, Component, Health, HealthBuilder, Status};

/// Far beyond what any machine needs; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Polls until `done`.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
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
        until("the run has a result", || self.runs(name) > before);
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
    gate: Arc<Gate>,
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
                Step::Hang => script.gate.wait(),
            }
            CheckOutcome::healthy()
        }
    }
}

/// Shut until opened.
#[derive(Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    pub(crate) fn wait(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let _open = self.opened.wait_while(open, |open| !*open).unwrap_or_else(PoisonError::into_inner);
    }
}
