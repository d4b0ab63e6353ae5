//! When files that changed have stood still for long enough.

use super::{DOUBTFUL_FOR, SETTLED_AFTER};
use sidecar_core::clock::nanos;

/// For how long the files have stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SettleTime {
    /// Long enough, if what they hold looks whole.
    Short,
    /// Long enough, whatever they hold.
    Long,
}

/// Between two loads: nothing changed, or something did and must stand still first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pace {
    #[default]
    Calm,
    /// Changed at this time, and not looked into since.
    Changed(u64),
    /// Changed at this time, and what they hold is doubtful.
    Doubtful(u64),
}

impl Pace {
    pub(super) fn changed(&mut self, now: u64) {
        *self = Self::Changed(now);
    }

    /// What was read may be half of a save.
    pub(super) fn doubt(&mut self) {
        if let Self::Changed(since) = *self {
            *self = Self::Doubtful(since);
        }
    }

    /// What was read was taken or refused.
    pub(super) fn done(&mut self) {
        *self = Self::Calm;
    }

    pub(super) fn is_waiting(&self) -> bool {
        *self != Self::Calm
    }

    /// Whether to read the files now. After a step back of the clock the waiting begins anew.
    pub(super) fn due(&mut self, now: u64) -> Option<SettleTime> {
        let (Self::Changed(since) | Self::Doubtful(since)) = self else { return None };
        if now < *since {
            *since = now;
        }
        let still = now - *since;
        if still >= nanos(DOUBTFUL_FOR) {
            Some(SettleTime::Long)
        } else if still >= nanos(SETTLED_AFTER) && matches!(self, Self::Changed(_)) {
            Some(SettleTime::Short)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_change_is_due_when_it_has_stood_still_and_once() {
        let mut pace = Pace::default();
        assert_eq!(pace.due(0), None);
        pace.changed(100 * MS);
        assert_eq!(pace.due(299 * MS), None);
        assert_eq!(pace.due(300 * MS), Some(SettleTime::Short));
        pace.done();
        assert_eq!((pace.due(900 * MS), pace.is_waiting()), (None, false));
    }

    #[test]
    fn what_is_doubtful_waits_longer_but_not_for_ever() {
        let mut pace = Pace::default();
        pace.changed(0);
        assert_eq!(pace.due(200 * MS), Some(SettleTime::Short));
        pace.doubt();
        assert_eq!(pace.due(599 * MS), None);
        assert_eq!(pace.due(600 * MS), Some(SettleTime::Long));
    }

    #[test]
    fn another_change_starts_the_waiting_again() {
        let mut pace = Pace::default();
        pace.changed(0);
        pace.doubt();
        pace.changed(500 * MS);
        assert_eq!(pace.due(600 * MS), None);
        assert_eq!(pace.due(700 * MS), Some(SettleTime::Short));
    }

    #[test]
    fn a_clock_that_steps_back_does_not_wedge_it() {
        let mut pace = Pace::default();
        pace.changed(1_000_000 * MS);
        assert_eq!(pace.due(5 * MS), None);
        assert_eq!(pace.due(205 * MS), Some(SettleTime::Short));
    }
}
