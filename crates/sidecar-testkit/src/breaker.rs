//! Breakers in the state that a test begins with.

use crate::VirtualClock;
use sidecar_breaker::{Breaker, State};
use std::time::Duration;

/// More failures than any sensible policy bears.
const MOST: u32 = 1 << 20;

/// Fails calls until the breaker is open, as a dependency that is down would. An open one stays as it is.
///
/// # Panics
/// If it does not open: it is disabled or only counts, or its policy does not look at failures.
#[track_caller]
pub fn drive_open(breaker: &Breaker) {
    for _ in 0..MOST {
        match breaker.try_acquire() {
            Ok(permit) => permit.failure(),
            Err(_) if breaker.state() == State::HalfOpen => {
                panic!("{breaker:?} does not open: others hold all places for probes")
            }
            Err(_) => return,
        }
    }
    panic!("{breaker:?} does not open: {MOST} failures were not enough");
}

/// Opens the breaker and moves the clock until the next call is a probe: it is then the caller's to make.
///
/// # Panics
/// If it does not open; or if moving `clock` admits no probe: the breaker has another clock, or is held open.
#[track_caller]
pub fn drive_half_open(breaker: &Breaker, clock: &VirtualClock) {
    drive_open(breaker);
    let wait = breaker.try_acquire().err().and_then(|rejected| rejected.retry_after());
    let Some(wait) = wait else {
        panic!("{breaker:?} does not say when a probe is admitted: is it held open?")
    };
    clock.advance(wait.saturating_add(Duration::from_nanos(1)));
    match breaker.try_acquire() {
        Ok(probe) => probe.ignore(),
        Err(rejected) => panic!("{breaker:?} admits no probe after {wait:?}: has it this clock? {rejected}"),
    }
}

/// Closes the breaker as a dependency does that is up again: time passes, and probes succeed.
///
/// # Panics
/// If it does not close: see [`drive_half_open`].
#[track_caller]
pub fn drive_closed(breaker: &Breaker, clock: &VirtualClock) {
    for _ in 0..MOST {
        if breaker.state() == State::Closed {
            return;
        }
        match breaker.try_acquire() {
            Ok(probe) => probe.success(),
            Err(rejected) => match rejected.retry_after() {
                Some(wait) => clock.advance(wait.saturating_add(Duration::from_nanos(1))),
                None => panic!("{breaker:?} does not close: {rejected}"),
            },
        }
    }
    panic!("{breaker:?} does not close: {MOST} probes were not enough");
}
