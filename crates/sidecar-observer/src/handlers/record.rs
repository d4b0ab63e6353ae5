//! What a handler has done, and whether it is called.

use crate::handlers::HandlerId;
use smol_str::SmolStr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Hung calls after which a handler is called no more.
pub(crate) const MAX_HUNG: u32 = 4;

/// How handlers are kept from doing harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How long a call may last before it and its thread are left behind.
    pub(crate) timeout: Duration,
    /// Panics in a row after which a handler is suspended.
    pub(crate) suspend_after: u32,
    /// For how long.
    pub(crate) suspend_for: Duration,
}

/// Whether a handler is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerState {
    /// With every event of its type.
    Active,
    /// Not for a while, because it panicked again and again. The first call after that decides: one more panic and
    /// it is suspended again.
    Suspended,
    /// No more, because four calls hung.
    Refused,
}

/// A handler's account since it was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerStats {
    /// Which handler.
    pub id: HandlerId,
    /// Its event type; none if it is called with all.
    pub event_type: Option<SmolStr>,
    /// Whether it is called at this moment.
    pub state: HandlerState,
    /// Calls that panicked.
    pub panics: u64,
    /// Calls that did not return in time.
    pub hung: u64,
    /// Events it was not called with, while suspended or refused. They count as failed.
    pub skipped: u64,
}

const ACTIVE: u64 = 0;
const REFUSED: u64 = u64::MAX;

/// A handler's record. Written by the worker alone, so all accesses are relaxed: each value stands for itself.
#[derive(Debug, Default)]
pub(crate) struct Record {
    panics_in_a_row: AtomicU32,
    panics: AtomicU64,
    hung: AtomicU32,
    skipped: AtomicU64,
    /// [`ACTIVE`], [`REFUSED`], or when the suspension ends, in nanoseconds.
    suspended_until: AtomicU64,
}

impl Record {
    /// Whether the handler may be called; `now` is asked only for one that is suspended.
    pub(crate) fn may_run(&self, now: impl FnOnce() -> u64) -> bool {
        let may = match self.suspended_until.load(Relaxed) {
            ACTIVE => true,
            REFUSED => false,
            until => now() >= until,
        };
        if !may {
            self.skipped.fetch_add(1, Relaxed);
        }
        may
    }

    pub(crate) fn returned(&self) {
        if self.panics_in_a_row.load(Relaxed) > 0 {
            self.panics_in_a_row.store(0, Relaxed);
            self.suspended_until.store(ACTIVE, Relaxed);
        }
    }

    /// Notes a panic; says whether the handler is suspended for it.
    pub(crate) fn panicked(&self, limits: &Limits, now: u64) -> bool {
        self.panics.fetch_add(1, Relaxed);
        let in_a_row = self.panics_in_a_row.load(Relaxed).saturating_add(1);
        self.panics_in_a_row.store(in_a_row, Relaxed);
        let is_suspended = in_a_row >= limits.suspend_after;
        if is_suspended {
            let pause = u64::try_from(limits.suspend_for.as_nanos()).unwrap_or(REFUSED);
            self.suspended_until.store(now.saturating_add(pause).clamp(1, REFUSED - 1), Relaxed);
        }
        is_suspended
    }

    /// Notes a call that did not return; says whether the handler is refused from now on.
    pub(crate) fn hung(&self) -> bool {
        let is_refused = self.hung.fetch_add(1, Relaxed) + 1 >= MAX_HUNG;
        if is_refused {
            self.suspended_until.store(REFUSED, Relaxed);
        }
        is_refused
    }

    pub(crate) fn stats(&self, id: HandlerId, event_type: Option<SmolStr>, now: u64) -> HandlerStats {
        let state = match self.suspended_until.load(Relaxed) {
            REFUSED => HandlerState::Refused,
            until if until > now => HandlerState::Suspended,
            _ => HandlerState::Active,
        };
        HandlerStats {
            id,
            event_type,
            state,
            panics: self.panics.load(Relaxed),
            hung: self.hung.load(Relaxed).into(),
            skipped: self.skipped.load(Relaxed),
        }
    }
}
