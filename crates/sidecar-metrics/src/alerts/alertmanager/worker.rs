//! The thread that posts.

use super::backlog::{Backlog, Outcome, Pace, Posted};
use super::post::{PostError, Target, body};
use super::settings::Guard;
use crate::alerts::alert::Alert;
use parking_lot::{Condvar, Mutex, MutexGuard};
use sidecar_core::clock::{Clock, nanos};
use sidecar_core::panics;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// What has become of the posts and alerts of a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertmanagerStats {
    /// Posts that were answered with 2xx.
    pub delivered: u64,
    /// Posts that failed.
    pub failed: u64,
    /// Posts that the guard refused.
    pub refused: u64,
    /// Alerts of posts that the server could not read.
    pub rejected: u64,
    /// Resolved alerts that could not be delivered in time.
    pub given_up: u64,
    /// Alerts that found no room, or came after the end.
    pub dropped: u64,
    /// Alerts whose newest state has not been delivered yet.
    pub waiting: usize,
    /// Why the last failed post failed.
    pub last_error: Option<PostError>,
}

/// What the thread needs to post.
pub(crate) struct Sender {
    pub(crate) timeout: Duration,
    pub(crate) ahead: Duration,
    pub(crate) generator: Option<String>,
    pub(crate) guard: Box<Guard>,
}

/// What the hook and its thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    clock: Clock,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Where the next post goes.
    target: Arc<Target>,
    backlog: Backlog,
    stats: AlertmanagerStats,
    /// Until when what waits may still be delivered, once the end has begun.
    closing: Option<u64>,
    has_ended: bool,
}

impl Shared {
    pub(crate) fn new(target: Target, pace: Pace) -> Self {
        let (backlog, stats) = (Backlog::new(pace), AlertmanagerStats::default());
        let state = State { target: target.into(), backlog, stats, closing: None, has_ended: false };
        Self { clock: Clock::new(), state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(crate) fn put(&self, alert: &Alert) {
        let mut state = self.state.lock();
        if state.closing.is_some() {
            state.stats.dropped += 1;
            return;
        }
        state.backlog.put(alert, self.clock.now());
        self.changed.notify_all();
    }

    /// Has every later post go to `target`, and what fires posted there now.
    pub(crate) fn set_target(&self, target: Target) {
        let mut state = self.state.lock();
        state.target = Arc::new(target);
        state.backlog.send_all(self.clock.now());
        self.changed.notify_all();
    }

    pub(crate) fn stats(&self) -> AlertmanagerStats {
        let state = self.state.lock();
        let backlog = &state.backlog;
        AlertmanagerStats {
            rejected: backlog.rejected,
            given_up: backlog.given_up,
            dropped: state.stats.dropped + backlog.dropped,
            waiting: backlog.unsent(),
            ..state.stats.clone()
        }
    }

    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.backlog.unsent() == 0)
    }

    /// Begins the end, once.
    pub(crate) fn close(&self, timeout: Duration) {
        let mut state = self.state.lock();
        if state.closing.is_none() {
            let now = self.clock.now();
            state.closing = Some(now.saturating_add(nanos(timeout)));
            state.backlog.resolve_all(now, SystemTime::now());
            self.changed.notify_all();
        }
    }

    pub(crate) fn wait_for_end(&self, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.has_ended || state.backlog.unsent() == 0)
            && self.state.lock().backlog.unsent() == 0
    }

    fn wait(&self, timeout: Duration, mut is_done: impl FnMut(&State) -> bool) -> bool {
        let mut state = self.state.lock();
        let deadline = Instant::now().checked_add(timeout);
        while !is_done(&state) {
            match deadline {
                None => self.changed.wait(&mut state),
                Some(deadline) if self.changed.wait_until(&mut state, deadline).timed_out() => {
                    return is_done(&state);
                }
                Some(_) => {}
            }
        }
        true
    }

    /// The thread.
    pub(crate) fn work(&self, sender: &Sender) {
        let random = RandomState::new();
        let mut state = self.state.lock();
        while let Some(batch) = self.next(&mut state) {
            let now = self.clock.now();
            let left = state.closing.map(|end| Duration::from_nanos(end.saturating_sub(now)));
            let timeout = left.map_or(sender.timeout, |left| left.min(sender.timeout));
            let target = Arc::clone(&state.target);
            let result = MutexGuard::unlocked(&mut state, || sender.send(&target, &batch, timeout));
            let outcome = state.count(result);
            if !Arc::ptr_eq(&target, &state.target) {
                // How it went there says nothing about the new address, where all of it is still to be posted.
                continue;
            }
            let jitter = (random.hash_one(self.clock.now()) >> 11) as f64 / (1_u64 << 53) as f64;
            state.backlog.settle(batch, outcome, self.clock.now(), jitter);
            self.changed.notify_all();
        }
        state.has_ended = true;
        self.changed.notify_all();
    }

    /// Waits for something to post; `None` at the end.
    fn next(&self, state: &mut MutexGuard<'_, State>) -> Option<Vec<Posted>> {
        loop {
            let now = self.clock.now();
            if state.closing.is_some_and(|end| now >= end || state.backlog.unsent() == 0) {
                return None;
            }
            let batch = state.backlog.batch(now);
            if !batch.is_empty() {
                return Some(batch);
            }
            // Giving up may have emptied it.
            self.changed.notify_all();
            let due = [state.backlog.next(), state.closing].into_iter().flatten().min();
            match due {
                Some(due) => {
                    let pause = Duration::from_nanos(due.saturating_sub(now).max(1_000));
                    self.changed.wait_for(state, pause);
                }
                None => self.changed.wait(state),
            }
        }
    }
}

impl State {
    fn count(&mut self, result: Result<(), PostError>) -> Outcome {
        let Err(error) = result else {
            self.stats.delivered += 1;
            return Outcome::Delivered;
        };
        let outcome = error.outcome();
        match error {
            PostError::Refused => self.stats.refused += 1,
            _ => self.stats.failed += 1,
        }
        self.stats.last_error = Some(error);
        outcome
    }
}

impl Sender {
    fn send(&self, target: &Target, batch: &[Posted], timeout: Duration) -> Result<(), PostError> {
        let body = body(batch, self.generator.as_deref(), SystemTime::now(), self.ahead);
        let mut posted = None;
        let mut post = || {
            let result = target.post(&body, timeout);
            posted = Some(result.clone());
            result
        };
        // The guard is foreign code.
        let guarded = panics::contain(|| (self.guard)(&mut post));
        match (guarded, posted) {
            (_, Some(result)) => result,
            (Ok(_), None) => Err(PostError::Refused),
            (Err(message), None) => Err(PostError::Transport(format!("the guard panicked: {message}"))),
        }
    }
}
