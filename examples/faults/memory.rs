//! What a breaker keeps of outages that are over.

use super::drive::{FAIL, OK, TRIP, call_now};
use crate::{LONG, Subject, Times};
use sidecar_harness::alloc::counted;
use std::time::{Duration, Instant};

/// Short, because every outage waits for it.
const OPEN: Duration = Duration::from_micros(100);

/// Many outages, one after the other, each with its recovery; then the breaker is dropped.
pub(crate) fn outages<S: Subject>() -> String {
    // What is allocated once for the thread or the process is no breaker's.
    drop(after_the_first::<S>());
    let (subject, first) = counted(after_the_first::<S>);
    let (_, others) = counted(|| run(&subject, 1_000));
    let (_, dropped) = counted(|| drop(subject));
    let left = first.live_bytes + others.live_bytes + dropped.live_bytes;
    format!("{}; {}", amount(others.live_bytes), amount(left))
}

/// A subject that has what it needs for outages.
fn after_the_first<S: Subject>() -> S {
    let subject = S::probing(Times { open: OPEN, round: LONG, window: LONG });
    run(&subject, 20);
    subject
}

fn run<S: Subject>(subject: &S, outages: usize) {
    // Three successes close, one peer judges after the fourth.
    const RECOVERY: usize = 4;
    for _ in 0..outages {
        for _ in 0..TRIP {
            call_now(subject, FAIL);
        }
        let opened = Instant::now();
        while opened.elapsed() <= 2 * OPEN {
            std::hint::spin_loop();
        }
        for _ in 0..RECOVERY {
            call_now(subject, OK);
        }
    }
}

/// A bound with one digit, which another compiler hardly moves.
fn amount(bytes: i64) -> String {
    const KIB: i64 = 1_024;
    let whole = bytes / KIB;
    match whole.checked_ilog10() {
        None => "nothing".to_owned(),
        Some(digits) => {
            let unit = 10_i64.pow(digits);
            format!("over {} KiB", whole / unit * unit)
        }
    }
}
