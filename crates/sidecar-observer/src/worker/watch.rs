//! The watch over the worker: a call that does not return is left behind with its thread.

use super::calls::Call;
use super::take_over;
use crate::shared::Shared;
use sidecar_core::threads;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Most threads that wait in calls which did not return, for one observer. Beyond that the worker waits for the call
/// it is in, until one of them comes back.
pub(crate) const MAX_LEFT_BEHIND: usize = 16;

/// Looks per time-out: a call is noticed when it has lasted a quarter longer than it may, or less.
const LOOKS: u32 = 4;

/// Longest pause between two looks, after which a shorter time-out holds too.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Rounded up: so many of them are no less than the time-out.
fn between_looks(timeout: Duration) -> Duration {
    (timeout + Duration::from_nanos(u64::from(LOOKS) - 1)) / LOOKS
}

/// The watch thread's whole life: as long as there is a worker.
pub(crate) fn run(shared: &Arc<Shared>) {
    if !shared.passes.set_watcher(std::thread::current()) {
        return;
    }
    let mut watch = Watch::new(shared.limits().timeout);
    while !shared.passes.has_exited() {
        std::thread::park_timeout(between_looks(watch.timeout).min(LONGEST_PAUSE));
        watch.timeout = shared.limits().timeout;
        let Some(call) = watch.overdue(shared.calls.under_way(), Instant::now()) else { continue };
        // Relaxed: only this thread adds to it, through the one that it starts.
        if shared.left_behind.load(Relaxed) < MAX_LEFT_BEHIND {
            let shared = Arc::clone(shared);
            // Where the system has no room for a thread, the next time-out tries again.
            let _ = threads::spawn("worker", move || take_over(&shared, call));
        }
    }
}

/// Which call was seen, when last, and how long it has lasted by then.
struct Watch {
    timeout: Duration,
    seen: Option<(Call, Instant, Duration)>,
}

impl Watch {
    fn new(timeout: Duration) -> Self {
        Self { timeout, seen: None }
    }

    /// Says, once in every time-out, that the call which is under way has lasted for that long.
    ///
    /// Between two looks counts no more than was planned: a process that was stopped, or a machine that slept, has
    /// kept the handler from returning.
    fn overdue(&mut self, under_way: Option<Call>, now: Instant) -> Option<Call> {
        let call = under_way?;
        let lasted = match self.seen {
            Some((seen, last, lasted)) if seen == call => {
                lasted + now.saturating_duration_since(last).min(between_looks(self.timeout))
            }
            _ => Duration::ZERO,
        };
        let is_overdue = lasted >= self.timeout;
        self.seen = Some((call, now, if is_overdue { Duration::ZERO } else { lasted }));
        is_overdue.then_some(call)
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::super::calls::Calls;
    use super::*;

    #[test]
    fn a_call_is_overdue_once_in_every_time_out_and_its_successor_starts_anew() {
        let (calls, idle) = Calls::new();
        let mut watch = Watch::new(Duration::from_secs(4));
        let start = Instant::now();
        let mut look = |seconds, call| watch.overdue(call, start + Duration::from_secs(seconds));
        assert_eq!(look(0, None), None);
        let first = calls.begin(idle, 1);
        let answers: Vec<_> = (1..=9).map(|second| look(second, Some(first)).is_some()).collect();
        assert_eq!(answers, [false, false, false, false, true, false, false, false, true]);
        let second = calls.begin(calls.end(first).expect("nobody took over"), 1);
        assert_eq!(look(12, Some(second)), None, "first seen just now");
        assert_eq!(look(13, Some(second)), None);
        assert_eq!(look(14, None), None);
        assert_eq!((14..=15).find_map(|at| look(at, Some(second))), None);
        assert_eq!(look(16, Some(second)), Some(second));
    }

    #[test]
    fn time_in_which_the_watch_stood_still_too_is_not_held_against_a_call() {
        let (calls, idle) = Calls::new();
        let mut watch = Watch::new(Duration::from_secs(4));
        let (start, call) = (Instant::now(), calls.begin(idle, 1));
        let mut look = |seconds| watch.overdue(Some(call), start + Duration::from_secs(seconds));
        assert_eq!(look(0), None);
        assert_eq!(look(3_600), None, "as much as one look");
        assert_eq!((3_601..=3_602).find_map(&mut look), None);
        assert_eq!(look(3_603), Some(call));
    }

    #[test]
    fn looks_that_come_before_their_time_make_no_call_overdue() {
        let (calls, idle) = Calls::new();
        let mut watch = Watch::new(Duration::from_millis(10));
        let (start, call) = (Instant::now(), calls.begin(idle, 1));
        let overdue = (0..=10_000)
            .find(|&micros| watch.overdue(Some(call), start + Duration::from_micros(micros)).is_some());
        assert_eq!(overdue, Some(10_000));
    }
}
