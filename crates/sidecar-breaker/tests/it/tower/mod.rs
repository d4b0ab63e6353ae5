//! The layer for tower's services, on a service that counts how often it is asked and called.

mod composition;
mod held;
mod readiness;
mod settling;

use crate::script::{Script, poll};
use crate::support::{World, secs};
use ::tower::{Layer as _, Service};
use sidecar_breaker::{BreakerLayer, BreakerService, CallError, RejectReason};
use std::cell::Cell;
use std::panic::panic_any;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The payload of a panic in `call` itself.
pub(crate) const IN_CALL: &str = "in call";

/// A dependency; clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Fake(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    /// How often it was asked whether it is ready.
    asked: Cell<u32>,
    called: Cell<u32>,
    readiness: Cell<Script>,
    calls_panic: Cell<bool>,
}

impl Fake {
    /// Always ready.
    pub(crate) fn new() -> Self {
        Self::with_readiness(Script::OK)
    }

    pub(crate) fn with_readiness(readiness: Script) -> Self {
        let (asked, called) = (Cell::new(0), Cell::new(0));
        Self(Rc::new(Inner { asked, called, readiness: Cell::new(readiness), calls_panic: Cell::new(false) }))
    }

    fn set_readiness(&self, readiness: Script) {
        self.0.readiness.set(readiness);
    }

    /// How often it was asked whether it is ready, and how often it was called.
    fn seen(&self) -> (u32, u32) {
        (self.0.asked.get(), self.0.called.get())
    }
}

impl Service<Script> for Fake {
    type Response = ();
    type Error = &'static str;
    type Future = Script;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.asked.set(self.0.asked.get() + 1);
        let mut readiness = self.0.readiness.get();
        let step = readiness.step();
        self.0.readiness.set(readiness);
        step
    }

    fn call(&mut self, request: Script) -> Script {
        self.0.called.set(self.0.called.get() + 1);
        if self.0.calls_panic.get() {
            panic_any(IN_CALL);
        }
        request
    }
}

/// `fake` behind the breaker of this world.
pub(crate) fn service(world: &World, fake: &Fake) -> BreakerService<Fake> {
    BreakerLayer::new(world.breaker.clone()).layer(fake.clone())
}

type Outcome = Result<(), CallError<&'static str>>;

fn poll_ready(service: &mut impl Service<Script, Error = CallError<&'static str>>) -> Poll<Outcome> {
    service.poll_ready(&mut Context::from_waker(Waker::noop()))
}

/// What has been counted: successes, failures, ignored, rejected, late.
fn totals(world: &World) -> [u64; 5] {
    let snapshot = world.breaker.snapshot();
    [snapshot.successes, snapshot.failures, snapshot.ignored, snapshot.rejected, snapshot.late]
}

const READY: Poll<Outcome> = Poll::Ready(Ok(()));

/// Ready only at its third poll.
fn slow() -> Fake {
    Fake::with_readiness(Script::OK.waiting(2))
}

/// Due to probe, with one place, in rounds of 30 s.
fn due() -> World {
    World::with(|builder| builder.half_open_max_calls(1).probe_timeout(secs(30))).due()
}

#[track_caller]
fn call(service: &mut BreakerService<Fake>) -> Outcome {
    match poll(pin!(service.call(Script::OK))) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the fake does not wait"),
    }
}

#[track_caller]
fn assert_rejected(service: &mut BreakerService<Fake>, reason: RejectReason) {
    let rejected = call(service).expect_err("it is refused").rejected().expect("it is a rejection");
    assert_eq!(rejected.reason(), reason);
}
