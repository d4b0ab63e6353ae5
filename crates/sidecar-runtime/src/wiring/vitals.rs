//! The sidecar's own pieces as health components: what they did over the last minute.

use crate::sidecar::Pieces;
use crate::wiring::{governor, operations};
use sidecar_core::Clock;
use sidecar_health::{BuiltIn, CheckOutcome, RegisterError};
use sidecar_observer::{ObserverStats, Reason};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How far back the observer is judged.
const WINDOW: Duration = Duration::from_secs(60);
/// Fewer events than this in the window say nothing.
const ENOUGH_EVENTS: u64 = 100;
/// Most samples of the window; the built-in components are judged once a second.
const MAX_SAMPLES: usize = 128;

/// Adds the components. Health belongs to the pieces, so the components only borrow them back.
pub(crate) fn register(pieces: &Arc<Pieces>, clock: &Clock) -> Result<(), RegisterError> {
    let (window, clock) = (Mutex::new(Window::default()), clock.clone());
    let built_ins = [
        built_in(pieces, "observer", move |pieces| {
            let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
            window.judge(clock.now(), &Totals::of(&pieces.observer.stats()))
        }),
        built_in(pieces, "metrics", |pieces| overflow(&pieces.metrics.overflowing())),
        built_in(pieces, "profiler", |pieces| {
            governor::verdict(&pieces.profiler.is_over_budget(), &pieces.shedding)
        }),
        built_in(pieces, "objectives", operations::verdict),
    ];
    built_ins.into_iter().try_for_each(|built_in| pieces.health.add_built_in(built_in))
}

fn built_in(
    pieces: &Arc<Pieces>,
    name: &str,
    judge: impl Fn(&Pieces) -> CheckOutcome + Send + Sync + 'static,
) -> BuiltIn {
    let pieces = Arc::downgrade(pieces);
    BuiltIn::new(name, move || pieces.upgrade().map_or_else(CheckOutcome::healthy, |pieces| judge(&pieces)))
}

fn overflow(names: &[Arc<str>]) -> CheckOutcome {
    match names {
        [] => CheckOutcome::healthy(),
        [first, ..] => {
            CheckOutcome::degraded(format!("{} metrics overflow, {first} among them", names.len()))
        }
    }
}

/// What the observer's verdict is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Totals {
    offered: u64,
    dropped: u64,
    failed: u64,
    queue_utilization: f64,
}

impl Totals {
    /// Sampled-out events and those refused while switched off are nobody's trouble.
    fn of(stats: &ObserverStats) -> Self {
        let disabled = stats.dropped.get(Reason::Disabled.name()).copied().unwrap_or(0);
        Self {
            offered: stats.events_received.saturating_sub(stats.sampled_out + disabled),
            dropped: stats.events_dropped.saturating_sub(disabled),
            failed: stats.failed,
            queue_utilization: stats.queue_utilization,
        }
    }
}

/// The totals of the last minute. What happened before the first sample counts as having happened then.
#[derive(Default)]
struct Window {
    /// As they were when the window begins.
    before: Totals,
    samples: VecDeque<(u64, Totals)>,
}

impl Window {
    fn judge(&mut self, now: u64, totals: &Totals) -> CheckOutcome {
        let horizon = now.saturating_sub(sidecar_core::clock::nanos(WINDOW));
        while self.samples.len() >= MAX_SAMPLES || self.samples.front().is_some_and(|(at, _)| *at <= horizon)
        {
            self.before = self.samples.pop_front().map_or(self.before, |(_, totals)| totals);
        }
        let before = self.before;
        self.samples.push_back((now, *totals));
        let offered = totals.offered.saturating_sub(before.offered);
        let dropped = totals.dropped.saturating_sub(before.dropped);
        let failed = totals.failed.saturating_sub(before.failed);
        let share = |part: u64| if offered >= ENOUGH_EVENTS { part as f64 / offered as f64 } else { 0.0 };
        let (dropped, failed) = (share(dropped), share(failed));
        let outcome = if dropped > 0.5 {
            CheckOutcome::unhealthy("more than half of the events of the last minute were dropped")
        } else if failed > 0.1 {
            CheckOutcome::unhealthy("handlers failed for more than a tenth of the events of the last minute")
        } else if dropped > 0.2 {
            CheckOutcome::degraded("more than a fifth of the events of the last minute were dropped")
        } else if totals.queue_utilization > 0.8 {
            CheckOutcome::degraded("the queue is more than four fifths full")
        } else {
            CheckOutcome::healthy()
        };
        outcome.with_number("dropped_share", dropped).with_number("failed_share", failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidecar_health::Status;

    const SECOND: u64 = 1_000_000_000;

    fn status(window: &mut Window, second: u64, offered: u64, dropped: u64, failed: u64) -> Status {
        let totals = Totals { offered, dropped, failed, queue_utilization: 0.0 };
        window.judge(second * SECOND, &totals).status()
    }

    #[test]
    fn shares_are_judged_from_a_hundred_events_on() {
        let mut window = Window::default();
        assert_eq!(status(&mut window, 1, 99, 99, 0), Status::Healthy);
        assert_eq!(status(&mut window, 2, 100, 99, 0), Status::Unhealthy);
        let mut window = Window::default();
        assert_eq!(status(&mut window, 1, 100, 20, 0), Status::Healthy, "a fifth is not more than a fifth");
        let mut window = Window::default();
        assert_eq!(status(&mut window, 1, 100, 21, 0), Status::Degraded);
        let mut window = Window::default();
        assert_eq!(status(&mut window, 1, 100, 50, 10), Status::Degraded);
        let mut window = Window::default();
        assert_eq!(status(&mut window, 1, 100, 0, 11), Status::Unhealthy);
    }

    #[test]
    fn what_is_older_than_a_minute_counts_no_more() {
        let mut window = Window::default();
        assert_eq!(status(&mut window, 100, 1_000, 1_000, 0), Status::Unhealthy);
        for second in 101..160 {
            let offered = 1_000 + 10 * (second - 100);
            assert_eq!(status(&mut window, second, offered, 1_000, 0), Status::Unhealthy, "{second}");
        }
        assert_eq!(status(&mut window, 160, 1_600, 1_000, 0), Status::Healthy);
        assert!(window.samples.len() <= MAX_SAMPLES);
    }

    #[test]
    fn the_window_stays_bounded_however_often_it_is_asked() {
        let mut window = Window::default();
        for step in 0..10_000 {
            let _ = window.judge(step, &Totals::default());
        }
        assert!(window.samples.len() <= MAX_SAMPLES);
    }

    #[test]
    fn a_queue_that_is_nearly_full_degrades() {
        let totals = Totals { queue_utilization: 0.81, ..Totals::default() };
        assert_eq!(Window::default().judge(0, &totals).status(), Status::Degraded);
    }
}
