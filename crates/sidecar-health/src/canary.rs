//! Watching the application's runtime: a task is spawned on it now and then, and has to get its turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sidecar_core::Clock;
use tokio::runtime::Handle;

use crate::pulse::Pulse;

/// Nobody waits for an answer.
const NOBODY: u64 = u64::MAX;

/// What asks a runtime whether it still gets on, and how long it may take to answer.
pub(crate) struct Canary {
    runtime: Handle,
    clock: Clock,
    /// The answers, as beats of the component that stands for the runtime.
    pulse: Arc<Pulse>,
    /// When the question was asked that has no answer yet.
    asked: AtomicU64,
    /// When the last question was asked.
    last: AtomicU64,
    /// The runtime has dropped a question: it was shut down.
    gone: AtomicBool,
    /// In nanoseconds.
    interval: u64,
    /// In nanoseconds.
    live_limit: u64,
}

impl Canary {
    pub(crate) fn new(
        runtime: Handle,
        clock: Clock,
        pulse: Arc<Pulse>,
        interval: u64,
        live_limit: u64,
    ) -> Self {
        let (asked, last, gone) = (AtomicU64::new(NOBODY), AtomicU64::new(NOBODY), AtomicBool::new(false));
        Self { runtime, clock, pulse, asked, last, gone, interval, live_limit }
    }

    /// Asks, if nothing is unanswered and the last question is old enough. At most one task is waiting at a time.
    /// Called by the scheduler alone, outside every lock.
    pub(crate) fn ask(self: &Arc<Self>, now: u64) {
        let last = self.last.load(Ordering::SeqCst);
        let soon = last != NOBODY && now.abs_diff(last) < self.interval;
        if soon || self.asked.load(Ordering::SeqCst) != NOBODY || self.gone.load(Ordering::SeqCst) {
            return;
        }
        self.last.store(now, Ordering::SeqCst);
        self.asked.store(now, Ordering::SeqCst);
        let question = Question { canary: Arc::clone(self), answered: false };
        drop(self.runtime.spawn(question.answer()));
    }

    /// Whether it has left a question unanswered for longer than the process should be left running.
    pub(crate) fn is_dead(&self, now: u64) -> bool {
        let asked = self.asked.load(Ordering::SeqCst);
        asked != NOBODY && now.saturating_sub(asked) >= self.live_limit
    }
}

struct Question {
    canary: Arc<Canary>,
    answered: bool,
}

impl Question {
    async fn answer(mut self) {
        self.answered = true;
        self.canary.pulse.beat(self.canary.clock.now());
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if !self.answered {
            // Shut down on purpose: readiness ends with its lease, but there is nothing to be mended by a restart.
            self.canary.gone.store(true, Ordering::SeqCst);
        }
        self.canary.asked.store(NOBODY, Ordering::SeqCst);
    }
}
