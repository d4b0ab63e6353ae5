//! How long the worker pauses between two looks.

use std::time::Duration;

/// Pause between two looks while events come. To be woken costs a thread some 20 us of CPU time on a virtual machine: 2 %
/// of a core at one look in a millisecond, as much as to handle 100 000 events. A queue that fills ends a pause early.
const SHORTEST: Duration = Duration::from_millis(4);
/// Pause between two looks once none have come for a while.
const LONGEST: Duration = Duration::from_millis(50);
/// From this many events in one pass on, the next pass follows without a pause.
const BUSY: usize = 256;

/// Short pauses while events come, doubled with each look that finds none.
#[derive(Debug)]
pub(super) struct Pace {
    pause: Duration,
    is_busy: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { pause: SHORTEST, is_busy: false }
    }
}

impl Pace {
    /// Notes how many events a pass has handled.
    pub(super) fn note(&mut self, handled: usize) {
        self.is_busy = handled >= BUSY;
        self.pause = if handled > 0 { SHORTEST } else { (self.pause * 2).min(LONGEST) };
    }

    /// Until the next look; none when there is more than enough to do.
    pub(super) fn pause(&self) -> Option<Duration> {
        (!self.is_busy).then_some(self.pause)
    }

    /// Whether nothing has come for a while.
    pub(super) fn is_idle(&self) -> bool {
        self.pause == LONGEST
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    /// The pauses after passes that handled so many events, in milliseconds.
    fn pauses(handled: &[usize]) -> Vec<Option<u128>> {
        let mut pace = Pace::default();
        let after = |&handled| {
            pace.note(handled);
            pace.pause().map(|pause| pause.as_millis())
        };
        handled.iter().map(after).collect()
    }

    #[test]
    fn pauses_double_while_nothing_comes_up_to_the_longest() {
        let expected = [8, 16, 32, 50, 50].map(Some);
        assert_eq!(pauses(&[0; 5]), expected);
    }

    #[test]
    fn an_event_makes_them_short_again() {
        assert_eq!(pauses(&[0, 0, 0, 1, 0]), [8, 16, 32, 4, 8].map(Some));
    }

    #[test]
    fn a_busy_pass_is_followed_at_once_and_the_pause_after_it_is_short() {
        assert_eq!(pauses(&[0, 0, 0, 256, 255, 0]), [Some(8), Some(16), Some(32), None, Some(4), Some(8)]);
    }

    #[test]
    fn idle_is_said_once_the_pauses_are_as_long_as_they_get() {
        let mut pace = Pace::default();
        let looks = (1..).find(|_| {
            pace.note(0);
            pace.is_idle()
        });
        assert_eq!(looks, Some(4));
        pace.note(1);
        assert!(!pace.is_idle());
    }
}
