//! How long a series has not been used, without a clock where it is used.
//!
//! Time is cut into epochs, which begin when somebody looks, at least an eighth of the timeout apart. A use leaves
//! the number of its epoch at the series. If that is lower than the number of an epoch that began a whole timeout ago,
//! the series has not been used since.

use parking_lot::Mutex;
use sidecar_core::Clock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Parts of the timeout, each with an epoch of its own if somebody looks in it.
const PARTS: u64 = 8;

#[derive(Debug)]
pub(super) struct Ages {
    clock: Clock,
    /// Nanoseconds; `None` switches everything off.
    timeout: Option<u64>,
    epoch: AtomicU64,
    /// Before this time a look finds nothing new.
    next: AtomicU64,
    /// Numbers and beginnings of the epochs younger than the timeout, and of the one before them: at most ten.
    begun: Mutex<VecDeque<(u64, u64)>>,
}

impl Ages {
    pub(super) fn new(clock: Clock, timeout: Option<u64>) -> Self {
        let now = clock.now();
        Self {
            clock,
            timeout,
            epoch: AtomicU64::new(0),
            next: AtomicU64::new(now),
            begun: Mutex::new(VecDeque::from([(0, now)])),
        }
    }

    /// The present epoch, for a series that is used.
    #[inline]
    pub(super) fn epoch(&self) -> u64 {
        // Relaxed: a use that goes with an epoch that is just over is a little older than it is.
        self.epoch.load(Relaxed)
    }

    /// Whether a look may find something.
    pub(super) fn is_due(&self) -> bool {
        self.timeout.is_some() && self.clock.now() >= self.next.load(Relaxed)
    }

    /// The epoch such that series last used before it are idle; `None` while no series can be, and where another
    /// thread looks at this moment. Also `None` if the last look was less than an eighth of the timeout ago, unless
    /// `at_once`.
    pub(super) fn look(&self, at_once: bool) -> Option<u64> {
        let timeout = self.timeout?;
        let now = self.clock.now();
        if !at_once && now < self.next.load(Relaxed) {
            return None;
        }
        let mut begun = self.begun.try_lock()?;
        let part = (timeout / PARTS).max(1);
        let (newest, began) = *begun.back()?;
        if now >= began.saturating_add(part) {
            begun.push_back((newest + 1, now));
            self.epoch.store(newest + 1, Relaxed);
        }
        self.next.store(now.saturating_add(part), Relaxed);
        let is_old = |(_, began): &(u64, u64)| now.saturating_sub(*began) >= timeout;
        while begun.get(1).is_some_and(is_old) {
            begun.pop_front();
        }
        begun.front().filter(|first| is_old(first)).map(|(epoch, _)| *epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_idle_after_a_whole_timeout_and_at_most_an_eighth_more() {
        let (clock, mock) = Clock::mock();
        let ages = Ages::new(clock, Some(800));
        let used = ages.epoch();
        assert_eq!(ages.look(true), None, "no epoch is over");
        mock.increment(100u64);
        assert_eq!(ages.look(true), None);
        assert_eq!(ages.epoch(), used + 1);
        mock.increment(799u64);
        assert_eq!(ages.look(true), Some(used), "nothing was used before the first epoch");
        mock.increment(1u64);
        assert_eq!(ages.look(true), Some(used + 1));
    }

    #[test]
    fn however_often_somebody_looks_few_epochs_are_kept_and_looks_are_rationed() {
        let (clock, mock) = Clock::mock();
        let ages = Ages::new(clock, Some(800));
        let mut looks = 0;
        for at in 0..10_000u64 {
            mock.increment(1u64);
            let idle = ages.look(at % 2 == 0);
            looks += u64::from(idle.is_some());
            assert!(idle.is_none_or(|idle| idle + PARTS <= ages.epoch() + 1), "{idle:?} {}", ages.epoch());
            assert!(ages.begun.lock().len() <= 10);
        }
        assert!(ages.epoch() <= 100 && looks > 4_000);
    }

    #[test]
    fn without_a_timeout_there_is_one_epoch() {
        let (clock, mock) = Clock::mock();
        let ages = Ages::new(clock, None);
        mock.increment(u64::MAX / 2);
        assert_eq!((ages.look(true), ages.epoch()), (None, 0));
    }
}
