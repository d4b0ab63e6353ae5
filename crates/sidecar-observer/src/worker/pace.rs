//! How long the worker pauses between two looks.
//!
//! To be woken costs a thread some 20 us of CPU time on a virtual machine, as much as to handle a hundred events or
//! more. So looks are many while events are few, when an event does not wait long, and few while events are many,
//! when those cost enough: both together cost about 2 % of a core or less, up to 50 000 events a second.

use std::time::Duration;

/// Pause between two looks while few events come.
const SHORTEST: Duration = Duration::from_micros(1_300);
/// By how much each event of a look lengthens the pause after it.
const PER_EVENT: Duration = Duration::from_micros(15);
/// Pause while many events come. A queue that fills ends a pause early.
const LONGEST_AT_WORK: Duration = Duration::from_millis(6);
/// Pause once none have come for a while.
const LONGEST: Duration = Duration::from_millis(50);

/// Short pauses while events come, doubled with each look but the first that finds none.
#[derive(Debug)]
pub(super) struct Pace {
    pause: Duration,
    has_found: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { pause: SHORTEST, has_found: false }
    }
}

impl Pace {
    /// Notes how many events a look has found.
    pub(super) fn note(&mut self, found: usize) {
        self.pause = if found > 0 {
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            SHORTEST.saturating_add(PER_EVENT.saturating_mul(found)).min(LONGEST_AT_WORK)
        } else if self.has_found {
            // It may have come early, woken for what the look before it has found.
            SHORTEST
        } else {
            (self.pause * 2).min(LONGEST)
        };
        self.has_found = found > 0;
    }

    /// Until the next look.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// Whether nothing has come for a while.
    pub(super) fn is_idle(&self) -> bool {
        self.pause == LONGEST
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    /// The pauses after looks that found so many events, in microseconds.
    fn pauses(found: &[usize]) -> Vec<u128> {
        let mut pace = Pace::default();
        let after = |&found| {
            pace.note(found);
            pace.pause().as_micros()
        };
        found.iter().map(after).collect()
    }

    #[test]
    fn pauses_double_while_nothing_comes_up_to_the_longest() {
        assert_eq!(pauses(&[0; 7]), [2_600, 5_200, 10_400, 20_800, 41_600, 50_000, 50_000]);
    }

    #[test]
    fn the_more_events_come_the_longer_they_wait_up_to_a_bound() {
        assert_eq!(pauses(&[1, 100, 314, usize::MAX, 1]), [1_315, 2_800, 6_000, 6_000, 1_315]);
    }

    #[test]
    fn an_event_makes_pauses_short_again() {
        assert_eq!(pauses(&[0, 0, 1, 0, 0]), [2_600, 5_200, 1_315, 1_300, 2_600]);
        assert_eq!(pauses(&[400, 0, 0]), [6_000, 1_300, 2_600]);
    }

    #[test]
    fn idle_is_said_once_the_pauses_are_as_long_as_they_get() {
        let mut pace = Pace::default();
        let looks = (1..).find(|_| {
            pace.note(0);
            pace.is_idle()
        });
        assert_eq!(looks, Some(6));
        pace.note(1);
        assert!(!pace.is_idle());
    }
}
