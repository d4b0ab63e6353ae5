//! A half-open breaker, and what its probes may do.

use super::drive::{
    FAIL, InFlight, OK, OPEN, TRIP, call_now, call_panics, comes_back, half_open, half_open_after, is_closed,
};
use crate::{LONG, Subject, Times};
use std::mem;
use std::thread;
use std::time::Duration;

/// As many as end every subject's round: three successes close, one peer judges after the fourth.
const ENOUGH: usize = 4;

const TIMES: Times = Times { open: OPEN, round: LONG, window: LONG };

/// Many calls come at once where three may probe.
pub(crate) fn stampede<S: Subject>() -> String {
    let subject: S = half_open(TIMES);
    format!("{} admitted", InFlight::start_many(&subject, 50).len())
}

/// The window is over before the next probe comes.
pub(crate) fn rare<S: Subject>() -> String {
    const WINDOW: Duration = OPEN;
    let subject: S = half_open(Times { window: WINDOW, ..TIMES });
    for _ in 0..ENOUGH {
        call_now(&subject, OK);
        thread::sleep(WINDOW * 2);
    }
    if is_closed(&subject) { "closes".to_owned() } else { comes_back(&subject, OPEN) }
}

/// Calls that were admitted before the trip succeed while a probe is in flight.
pub(crate) fn late_successes<S: Subject>() -> String {
    let (subject, old) = half_open_after(TIMES, |subject: &S| InFlight::start_many(subject, ENOUGH));
    let _probe = InFlight::start(&subject).expect("the open time has passed");
    old.into_iter().for_each(|call| call.finish(OK));
    let verdict = if is_closed(&subject) { "closes, without the probe's answer" } else { "does not close" };
    verdict.to_owned()
}

/// Calls that were admitted before the trip fail while probes are in flight, which then succeed.
pub(crate) fn late_failures<S: Subject>() -> String {
    let (subject, old) = half_open_after(TIMES, |subject: &S| InFlight::start_many(subject, ENOUGH));
    let probes = InFlight::start_many(&subject, ENOUGH);
    old.into_iter().for_each(|call| call.finish(FAIL));
    probes.into_iter().for_each(|probe| probe.finish(OK));
    let verdict = if is_closed(&subject) { "closes" } else { "does not close" };
    verdict.to_owned()
}

/// The probes panic.
pub(crate) fn panicking<S: Subject>() -> String {
    let subject: S = half_open(TIMES);
    for _ in 0..ENOUGH {
        call_panics(&subject);
    }
    comes_back(&subject, OPEN)
}

/// The probes are dropped before they have an answer: that is none, and their places are free again.
pub(crate) fn cancelled<S: Subject>() -> String {
    let cancelled = || {
        let subject: S = half_open(TIMES);
        for _ in 0..ENOUGH {
            drop(InFlight::start(&subject));
        }
        subject
    };
    let closed = if is_closed(&cancelled()) { "closes by that; " } else { "" };
    format!("{closed}{}", comes_back(&cancelled(), OPEN))
}

/// The probes have no end: half of them hang, nobody knows of the others any more.
pub(crate) fn hanging<S: Subject>() -> String {
    let round = OPEN;
    let subject: S = half_open(Times { round, ..TIMES });
    let mut hanging = InFlight::start_many(&subject, 2 * TRIP);
    for forgotten in hanging.split_off(hanging.len() / 2) {
        mem::forget(forgotten);
    }
    comes_back(&subject, round + OPEN)
}
