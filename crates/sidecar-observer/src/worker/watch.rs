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

/// The watch thread's whole life: as long as there is a worker.
pub(crate) fn run(shared: &Arc<Shared>) {
    if !shared.passes.set_watcher(std::thread::current()) {
        return;
    }
    let timeout = shared.limits.timeout;
    let mut watch = Watch::new(timeout);
    while !shared.passes.has_exited() {
        std::thread::park_timeout(timeout / LOOKS);
        let Some(call) = watch.overdue(shared.calls.under_way(), Instant::now()) else { continue };
        // Relaxed: only this thread adds to it, through the one that it starts.
        if shared.left_behind.load(Relaxed) < MAX_LEFT_BEHIND {
            let shared = Arc::clone(shared);
            // Where the system has no room for a thread, the next time-out tries again.
            let _ = threads::spawn("worker", move || take_over(&shared, call));
        }
    }
}

/// Which call was seen, and since when.
struct Watch {
    timeout: Duration,
    seen: Option<(Call, Instant)>,
}

impl Watch {
    fn new(timeout: Duration) -> Self {
        Self { timeout, seen: None }
    }

    /// Says, once in every time-out, that the call which is under way has lasted for that long.
    fn overdue(&mut self, under_way: Option<Call>, now: Instant) -> Option<Call> {
        let call = under_way?;
        let since = match self.seen {
            Some((seen, since)) if seen == call => since,
            _ => now,
        };
        let is_overdue = now.saturating_duration_since(since) >= self.timeout;
        self.seen = Some((call, if is_overdue { now } else { since }));
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
        assert_eq!(look(15, Some(second)), None);
        assert_eq!(look(16, None), None);
        assert_eq!(look(16, Some(second)), Some(second));
    }
}
