//! What a heartbeat has shown so far, and how it reads at a given time. Written without a lock, by the part of
//! the application that beats; everything else only reads it.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

use crate::state::Judgement;
use crate::status::{Cause, Status};

/// The beats of one handle.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// Since when a beat is waited for.
    begun: u64,
    /// When the last beat came; without meaning while there was none.
    last: AtomicU64,
    beats: AtomicU64,
    /// The handle was dropped without being retired.
    dropped: AtomicBool,
}

impl Pulse {
    pub(crate) fn new(now: u64) -> Self {
        Self {
            begun: now,
            last: AtomicU64::new(0),
            beats: AtomicU64::new(0),
            dropped: AtomicBool::new(false),
        }
    }

    pub(crate) fn beat(&self, now: u64) {
        self.last.store(now, Relaxed);
        // Pairs with the Acquire in `last`: whoever sees the count sees the time, or a later one.
        self.beats.fetch_add(1, Release);
    }

    pub(crate) fn abandon(&self) {
        // Pairs with the Acquire in `judge`: what the owner did before is seen with it.
        self.dropped.store(true, Release);
    }

    /// When the last beat came.
    pub(crate) fn last(&self) -> Option<u64> {
        (self.beats.load(Acquire) > 0).then(|| self.last.load(Relaxed))
    }

    pub(crate) fn beats(&self) -> u64 {
        self.beats.load(Relaxed)
    }

    /// How it reads at `now`. Waiting for the first beat has the same limit as waiting for the next. A beat may
    /// lie slightly ahead, as a reader takes the time first; further ahead than `ttl` is a clock that stepped back.
    pub(crate) fn judge(&self, now: u64, ttl: u64) -> Judgement {
        let last = self.last();
        let (status, cause) = if self.dropped.load(Acquire) {
            (Status::Unhealthy, Some(Cause::Dropped))
        } else if now.abs_diff(last.unwrap_or(self.begun)) >= ttl {
            (Status::Unhealthy, Some(Cause::Stale))
        } else if last.is_none() {
            (Status::Unknown, Some(Cause::Pending))
        } else {
            (Status::Healthy, None)
        };
        Judgement { status, cause, detail: None }
    }

    /// When it fails if no beat comes until then; none if that lies behind.
    pub(crate) fn expires(&self, now: u64, ttl: u64) -> Option<u64> {
        let end = self.last().unwrap_or(self.begun).saturating_add(ttl);
        (end > now && !self.dropped.load(Acquire)).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However beats, waits and steps of the clock follow each other: green means a beat inside its lease.
        #[test]
        fn a_green_pulse_is_proof(moves in prop::collection::vec((any::<bool>(), -150..150_i64), 0..40)) {
            let (pulse, mut now, mut last) = (Pulse::new(1_000), 1_000_u64, None::<u64>);
            for (beats, wait) in moves {
                now = now.saturating_add_signed(wait);
                if beats {
                    pulse.beat(now);
                    last = Some(now);
                }
                let status = pulse.judge(now, 100).status;
                prop_assert_eq!(status == Status::Healthy, last.is_some_and(|at| now.abs_diff(at) < 100));
                prop_assert!(pulse.expires(now, 100).is_none_or(|end| end > now));
            }
            pulse.abandon();
            prop_assert_eq!(pulse.judge(now, 100).cause, Some(Cause::Dropped));
        }
    }
}
