//! Which second it is.

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// Turns a monotonic clock into seconds that never go back.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Last>,
    /// What the clock lost by stepping back.
    lost: u64,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    /// As the clock said.
    second: u64,
    /// As the history counts.
    slot: u64,
}

/// A reading that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) slot: u64,
    /// Since the reading before; `None` for the first one.
    pub(super) seconds: Option<u64>,
}

impl Pace {
    /// The reading of this second, if there was none yet. A clock that steps back goes on from the second that
    /// the history had come to: how long it was away is not known, and so counts for nothing.
    pub(super) fn due(&mut self, now: u64) -> Option<Due> {
        let second = now / SECOND;
        let slot = second.saturating_add(self.lost);
        let due = match &mut self.last {
            None => Due { slot, seconds: None },
            Some(last) if second < last.second => {
                self.lost = self.lost.saturating_add(last.second - second);
                last.second = second;
                return None;
            }
            Some(last) if slot <= last.slot => return None,
            Some(last) => Due { slot, seconds: Some(slot - last.slot) },
        };
        self.last = Some(Last { second, slot });
        Some(due)
    }

    /// When the second after `now` begins.
    pub(super) fn next(now: u64) -> u64 {
        (now / SECOND + 1).saturating_mul(SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_a_second() {
        let mut pace = Pace::default();
        assert_eq!(pace.due(7 * SECOND + 5), Some(Due { slot: 7, seconds: None }));
        assert_eq!(pace.due(8 * SECOND - 1), None);
        assert_eq!(pace.due(8 * SECOND), Some(Due { slot: 8, seconds: Some(1) }));
        assert_eq!(pace.due(3_600 * SECOND), Some(Due { slot: 3_600, seconds: Some(3_592) }));
        assert_eq!((Pace::next(0), Pace::next(SECOND - 1), Pace::next(SECOND)), (SECOND, SECOND, 2 * SECOND));
        assert_eq!(Pace::next(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_clock_that_steps_back_goes_on_from_where_it_was() {
        let mut pace = Pace::default();
        pace.due(100 * SECOND);
        assert_eq!(pace.due(40 * SECOND), None);
        assert_eq!(pace.due(41 * SECOND), Some(Due { slot: 101, seconds: Some(1) }));
        assert_eq!(pace.due(0), None);
        assert_eq!(pace.due(3 * SECOND), Some(Due { slot: 104, seconds: Some(3) }));
    }
}
