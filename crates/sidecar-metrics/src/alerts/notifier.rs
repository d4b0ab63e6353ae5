//! Running hooks off the thread that evaluates.

use super::alert::Alert;
use super::rule::Checked;
use super::stats::Stats;
use crate::misuse::Misuse;
use parking_lot::{Condvar, Mutex};
use sidecar_core::{panics, threads};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Most notifications that wait for their hooks; those beyond are dropped and counted.
pub const MAX_WAITING_NOTIFICATIONS: usize = 1_024;

/// The queue to the hooks and the thread that empties it. Dropping this lets the thread end once it is empty.
#[derive(Debug)]
pub(crate) struct Notifier {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    stats: Arc<Stats>,
    misuse: Arc<Misuse>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<(Arc<Checked>, Alert)>,
    is_started: bool,
    is_busy: bool,
    is_closed: bool,
}

impl Notifier {
    pub(crate) fn new(stats: Arc<Stats>, misuse: Arc<Misuse>) -> Self {
        let (queue, changed) = (Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { queue, changed, stats, misuse }) }
    }

    /// Starts the thread, if it is not there.
    pub(crate) fn start(&self) -> io::Result<()> {
        let mut queue = self.shared.queue.lock();
        if !queue.is_started {
            let shared = Arc::clone(&self.shared);
            threads::spawn("alert", move || shared.work())?;
            queue.is_started = true;
        }
        Ok(())
    }

    /// Queues a notification for the hooks of its rule. Never waits.
    pub(crate) fn put(&self, rule: &Arc<Checked>, alert: Alert) {
        if rule.hooks.is_empty() {
            return;
        }
        let mut queue = self.shared.queue.lock();
        if queue.waiting.len() < MAX_WAITING_NOTIFICATIONS {
            queue.waiting.push_back((Arc::clone(rule), alert));
            self.shared.changed.notify_all();
        } else {
            self.shared.stats.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Waits until every notification so far has been taken by its hooks, at most until `deadline`; says whether.
    pub(crate) fn wait(&self, deadline: Instant) -> bool {
        let mut queue = self.shared.queue.lock();
        while queue.is_busy || !queue.waiting.is_empty() {
            if self.shared.changed.wait_until(&mut queue, deadline).timed_out() {
                return !queue.is_busy && queue.waiting.is_empty();
            }
        }
        true
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.shared.queue.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn work(&self) {
        while let Some((rule, alert)) = self.take() {
            self.call_hooks(&rule, &alert);
            // This may be the last trace of a rule that was taken away, and a hook's drop is foreign code.
            if let Err(message) = panics::contain(|| drop(rule)) {
                self.misuse.count(format_args!("a hook of alerts panicked when dropped: {message}"));
            }
        }
    }

    fn take(&self) -> Option<(Arc<Checked>, Alert)> {
        let mut queue = self.queue.lock();
        queue.is_busy = false;
        self.changed.notify_all();
        loop {
            if let Some(item) = queue.waiting.pop_front() {
                queue.is_busy = true;
                return Some(item);
            }
            if queue.is_closed {
                return None;
            }
            self.changed.wait(&mut queue);
        }
    }

    fn call_hooks(&self, rule: &Checked, alert: &Alert) {
        for hook in &rule.hooks {
            match panics::contain(|| hook.notify(alert)) {
                Ok(()) => self.stats.delivered.fetch_add(1, Relaxed),
                Err(message) => {
                    let name = alert.name();
                    self.misuse.count(format_args!("a hook of alert rule {name:?} panicked: {message}"));
                    self.stats.panicked.fetch_add(1, Relaxed)
                }
            };
        }
    }
}
