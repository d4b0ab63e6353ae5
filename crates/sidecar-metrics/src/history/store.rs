//! The frames of both resolutions, within one bound.

use super::frame::{Frame, Span};
use super::tier::Tier;

/// For how many seconds there are frames of one second.
pub(super) const FINE_SECONDS: u64 = 300;

/// Both tiers, and what may be kept in all.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) fine: Tier,
    pub(super) rolled: Tier,
    /// What the series take, without their points.
    pub(super) table: usize,
    /// What is kept for writing.
    pub(super) scratch: usize,
    bound: usize,
    retention: u64,
    /// Points that went because of the bound.
    pub(super) evicted: u64,
    /// Series for which there was no room, at the last reading.
    pub(super) left_out: u64,
}

/// Which frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    Fine,
    Rolled,
}

impl Store {
    pub(super) fn new(bound: usize, retention: u64) -> Self {
        let (fine, rolled) = (Tier::default(), Tier::default());
        Self { fine, rolled, table: 0, scratch: 0, bound, retention, evicted: 0, left_out: 0 }
    }

    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// In seconds.
    pub(super) fn retention(&self) -> u64 {
        self.retention
    }

    pub(super) fn bytes(&self) -> usize {
        self.table + self.scratch + self.fine.bytes() + self.rolled.bytes()
    }

    /// Takes new bounds. What they no longer cover at the second `now` goes, and the room for it is given back.
    pub(super) fn set(&mut self, bound: usize, retention: u64, now: u64) {
        (self.bound, self.retention) = (bound, retention);
        while self.rolled.oldest().is_some_and(|oldest| oldest.slot + retention <= now) {
            self.rolled.drop_oldest();
        }
        let least = |store: &Self| store.table + store.scratch + store.fine.least() + store.rolled.least();
        while least(self) > bound && self.evict() {}
        self.fine.shrink();
        self.rolled.shrink();
    }

    /// Whether the series take no more than they may: a quarter of the bound.
    pub(super) fn holds_table(&self) -> bool {
        self.table <= self.bound / 4
    }

    /// Drops every frame before its time.
    pub(super) fn clear(&mut self) {
        while self.evict() {}
        self.fine.shrink();
        self.rolled.shrink();
    }

    /// Drops one frame before its time: the finest first, of these the oldest. Says whether there was one.
    fn evict(&mut self) -> bool {
        let span = self.fine.drop_oldest().or_else(|| self.rolled.drop_oldest());
        self.evicted += span.map_or(0, |span| u64::from(span.points));
        span.is_some()
    }

    /// Takes a new series or metric if there is room. Series may take a quarter of the bound, because what is
    /// written about them in one frame, and kept for writing it, takes no more than two.
    pub(super) fn admit(&mut self, bytes: usize) -> bool {
        let admitted = self.table + bytes <= self.bound / 4;
        if admitted {
            self.table += bytes;
            self.trim(|_| 0);
        } else {
            self.left_out += 1;
        }
        admitted
    }

    /// Drops frames until `more` fits too. A frame holds all series, so none loses more of its past than another.
    pub(super) fn trim(&mut self, more: impl Fn(&Self) -> usize) -> bool {
        while self.bytes() + more(self) > self.bound {
            if !self.evict() {
                return false;
            }
        }
        true
    }

    /// Adds the newest frame, and drops those that are too old.
    pub(super) fn push(&mut self, resolution: Resolution, span: Span, bytes: &[u8]) {
        let kept_for = match resolution {
            Resolution::Fine => FINE_SECONDS,
            Resolution::Rolled => self.retention,
        };
        let tier = self.tier_mut(resolution);
        while tier.oldest().is_some_and(|oldest| oldest.slot + kept_for <= span.slot) {
            tier.drop_oldest();
        }
        if self.trim(|store| store.tier(resolution).cost(bytes.len())) {
            self.tier_mut(resolution).push(span, bytes);
        } else {
            self.tier_mut(resolution).skip(span);
            self.evicted += u64::from(span.points);
        }
    }

    /// The first second of which there is a frame.
    pub(super) fn oldest(&self) -> Option<u64> {
        let fine = self.fine.oldest().map(|span| span.slot);
        let rolled = self.rolled.oldest().map(|span| span.slot - span.slot % super::ROLLED_SECONDS);
        fine.into_iter().chain(rolled).min()
    }

    pub(super) fn tier(&self, resolution: Resolution) -> &Tier {
        match resolution {
            Resolution::Fine => &self.fine,
            Resolution::Rolled => &self.rolled,
        }
    }

    fn tier_mut(&mut self, resolution: Resolution) -> &mut Tier {
        match resolution {
            Resolution::Fine => &mut self.fine,
            Resolution::Rolled => &mut self.rolled,
        }
    }

    pub(super) fn newest_first(&self, resolution: Resolution) -> impl Iterator<Item = &Frame> {
        self.tier(resolution).newest_first()
    }
}
