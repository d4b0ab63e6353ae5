//! What every suite is compared with: the cheapest things that could be done.

use crate::pair::{Padded, pair};
use crate::suite::Case;
use crate::tally::{Outcome, repeat};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// The id whose time is 1.0.
pub(crate) const FLOOR: &str = "floor/fetch-add";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new(FLOOR, "std", "one uncontended AtomicU64::fetch_add(Relaxed)", || {
            let count = Padded(AtomicU64::new(0));
            move |n| repeat(n, |_| done(count.0.fetch_add(1, Relaxed)))
        })
        .counted(),
        Case::new("floor/fetch-add/2-threads", "std", "the same on one word that two threads add to", || {
            let count = Padded(AtomicU64::new(0));
            move |n| pair(n, |_| |_| done(count.0.fetch_add(1, Relaxed)))
        }),
        Case::new("floor/clock/raw", "quanta", "one reading of quanta::Clock::raw", || {
            let clock = quanta::Clock::new();
            move |n| repeat(n, |_| done(clock.raw()))
        })
        .counted(),
        Case::new("floor/clock/instant", "std", "one Instant::now", || {
            |n| repeat(n, |_| done(Instant::now()))
        }),
    ]
}

fn done<T>(value: T) -> Outcome {
    black_box(value);
    Outcome::Passed
}
