//! What every recording looks at: whether, and what the time is.

use sidecar_core::Clock;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Above every threshold: nothing is recorded at all.
const DISABLED: u64 = u64::MAX;

/// Shared by all operations of a monitor. It is read by every recording and seldom written.
///
/// Orderings are relaxed: each word is meant for itself.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Pulse {
    clock: Clock,
    /// A draw below it has the duration recorded: from 0 to 2^63, or [`DISABLED`].
    recorded: AtomicU64,
    /// The time that `tick` was called with last; 0 where it never was.
    told: AtomicU64,
}

/// What is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    Nothing,
    Count,
    All,
}

impl Pulse {
    pub(crate) fn new(clock: Clock, threshold: Option<u64>) -> Self {
        let recorded = AtomicU64::new(threshold.unwrap_or(DISABLED));
        Self { clock, recorded, told: AtomicU64::new(0) }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// `None` has nothing recorded.
    pub(crate) fn set(&self, threshold: Option<u64>) {
        self.recorded.store(threshold.unwrap_or(DISABLED), Relaxed);
    }

    #[inline]
    pub(crate) fn recorded(&self) -> Recorded {
        match self.recorded.load(Relaxed) {
            DISABLED => Recorded::Nothing,
            sidecar_core::probability::ONE => Recorded::All,
            0 => Recorded::Count,
            threshold if draw() < threshold => Recorded::All,
            _ => Recorded::Count,
        }
    }

    pub(crate) fn tell(&self, now: u64) {
        self.told.store(now.max(1), Relaxed);
    }

    /// Nobody tells any more.
    pub(crate) fn fall_silent(&self) {
        self.told.store(0, Relaxed);
    }

    /// The time for one who reads; where there are ticks, those who record without a clock are told, too.
    pub(crate) fn read_now(&self) -> u64 {
        let now = self.clock.now();
        if self.told.load(Relaxed) != 0 {
            self.tell(now);
        }
        now
    }

    /// The time, or that of the latest tick: early by a slice at most, and cheap. Where nobody ticks, the clock's.
    #[inline]
    pub(crate) fn about_now(&self) -> u64 {
        match self.told.load(Relaxed) {
            0 => self.clock.now(),
            told => told,
        }
    }
}

/// Uniform below 2^63, from a generator of the thread's own: `SplitMix64` (Steele, Lea, Flood 2014).
fn draw() -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    static SEEDS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static STATE: Cell<u64> = const { Cell::new(0) };
    }
    let mixed = |mut state: u64| {
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    };
    let state = match STATE.get() {
        // Far from the other threads' seeds.
        0 => mixed(SEEDS.fetch_add(STEP, Relaxed).wrapping_add(STEP)),
        state => state,
    };
    let state = state.wrapping_add(STEP);
    STATE.set(state);
    mixed(state) >> 1
}
