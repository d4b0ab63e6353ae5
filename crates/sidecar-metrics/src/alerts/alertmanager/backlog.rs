//! What is still to be posted and when, as a pure function of what happened and when.

use crate::alerts::alert::{Alert, AlertState, Pairs};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// Most alerts that a hook keeps; firing ones beyond are dropped and counted.
pub const MAX_BACKLOG_ALERTS: usize = 1_000;

/// Most alerts of one post.
pub(crate) const MAX_BATCH: usize = 64;

/// The longest pause between two attempts, in nanoseconds.
pub(crate) const MAX_PAUSE: u64 = 30_000_000_000;

type Key = (Box<str>, Arc<Pairs>);

/// Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) first_retry: u64,
    pub(crate) resend: u64,
    pub(crate) give_up_after: u64,
}

/// How a post went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Delivered,
    /// It may go better later.
    Failed,
    /// It will not go better later.
    Rejected,
}

#[derive(Debug)]
struct Entry {
    alert: Alert,
    version: u64,
    /// When the state came that has not arrived yet.
    unsent: Option<u64>,
    resend_at: u64,
}

/// One alert of a post, and which state of it.
#[derive(Debug)]
pub(crate) struct Posted {
    key: Key,
    version: u64,
    pub(crate) alert: Alert,
}

/// The newest state of each alert. Empty of an alert once it is resolved and that has arrived.
#[derive(Debug)]
pub(crate) struct Backlog {
    pace: Pace,
    entries: BTreeMap<Key, Entry>,
    versions: u64,
    failures: u32,
    retry_at: u64,
    pub(crate) dropped: u64,
    pub(crate) given_up: u64,
    pub(crate) rejected: u64,
}

impl Backlog {
    pub(crate) fn new(pace: Pace) -> Self {
        let entries = BTreeMap::new();
        Self { pace, entries, versions: 0, failures: 0, retry_at: 0, dropped: 0, given_up: 0, rejected: 0 }
    }

    /// Takes an alert at an edge. It replaces an earlier state of the same alert that still waits.
    pub(crate) fn put(&mut self, alert: &Alert, now: u64) {
        let key = (alert.rule.name.clone(), Arc::clone(&alert.labels));
        if alert.state == AlertState::Pending {
            return;
        }
        if !self.entries.contains_key(&key) {
            if alert.state == AlertState::Resolved {
                // Nobody there has heard of it: it was dropped when it fired.
                return;
            }
            if self.entries.len() >= MAX_BACKLOG_ALERTS && !self.make_room() {
                self.dropped += 1;
                return;
            }
        }
        self.versions += 1;
        let entry = Entry { alert: alert.clone(), version: self.versions, unsent: Some(now), resend_at: now };
        self.entries.insert(key, entry);
    }

    /// Gives up the resolved alert that has waited longest: it will end by itself.
    fn make_room(&mut self) -> bool {
        let resolved = self.entries.iter().filter(|(_, entry)| entry.alert.state == AlertState::Resolved);
        let oldest = resolved.min_by_key(|(_, entry)| entry.unsent).map(|(key, _)| key.clone());
        oldest.is_some_and(|key| {
            self.given_up += 1;
            self.entries.remove(&key).is_some()
        })
    }

    /// What is to be posted at `now`, new states first; empty before the next attempt is due.
    pub(crate) fn batch(&mut self, now: u64) -> Vec<Posted> {
        let (before, limit) = (self.entries.len(), self.pace.give_up_after);
        self.entries.retain(|_, entry| {
            let waited = entry.unsent.map_or(0, |since| now.saturating_sub(since));
            entry.alert.state == AlertState::Firing || waited < limit
        });
        self.given_up += (before - self.entries.len()) as u64;
        if now < self.retry_at {
            return Vec::new();
        }
        let unsent = self.entries.iter().filter(|(_, entry)| entry.unsent.is_some());
        let again = self.entries.iter().filter(|(_, entry)| entry.unsent.is_none() && entry.resend_at <= now);
        let posted = |(key, entry): (&Key, &Entry)| Posted {
            key: key.clone(),
            version: entry.version,
            alert: entry.alert.clone(),
        };
        unsent.chain(again).take(MAX_BATCH).map(posted).collect()
    }

    /// When the next post is due; `None` if nothing is kept.
    pub(crate) fn next(&self) -> Option<u64> {
        let due = |entry: &Entry| if entry.unsent.is_some() { 0 } else { entry.resend_at };
        let first = self.entries.values().map(due).min()?;
        Some(first.max(self.retry_at))
    }

    /// Notes how a post went. `jitter` from 0 to 1 shortens the pause after a failure by up to a half.
    pub(crate) fn settle(&mut self, batch: Vec<Posted>, outcome: Outcome, now: u64, jitter: f64) {
        if outcome == Outcome::Failed {
            let doubled = self.pace.first_retry.saturating_mul(1 << self.failures.min(30));
            let pause = doubled.min(MAX_PAUSE.max(self.pace.first_retry)) as f64;
            self.retry_at = now.saturating_add((pause * (1.0 - jitter.clamp(0.0, 1.0) / 2.0)) as u64);
            self.failures = self.failures.saturating_add(1);
            return;
        }
        (self.failures, self.retry_at) = (0, 0);
        if outcome == Outcome::Rejected {
            self.rejected += batch.len() as u64;
        }
        for posted in batch {
            let Some(entry) = self.entries.get_mut(&posted.key) else { continue };
            if entry.version != posted.version {
                // A newer state has come meanwhile.
                continue;
            }
            if entry.alert.state == AlertState::Resolved {
                self.entries.remove(&posted.key);
            } else {
                (entry.unsent, entry.resend_at) = (None, now.saturating_add(self.pace.resend));
            }
        }
    }

    /// Has what fires posted again, as if nobody had heard of it, at once.
    pub(crate) fn send_all(&mut self, now: u64) {
        (self.failures, self.retry_at) = (0, 0);
        for entry in self.entries.values_mut() {
            entry.unsent.get_or_insert(now);
        }
    }

    /// Ends every alert that fires, and lets the next attempt be made at once.
    pub(crate) fn resolve_all(&mut self, now: u64, wall: SystemTime) {
        self.retry_at = 0;
        for entry in self.entries.values_mut().filter(|entry| entry.alert.state == AlertState::Firing) {
            self.versions += 1;
            (entry.version, entry.unsent) = (self.versions, Some(now));
            (entry.alert.state, entry.alert.resolved_at) = (AlertState::Resolved, Some(wall));
        }
    }

    /// How many alerts have a state that has not arrived.
    pub(crate) fn unsent(&self) -> usize {
        self.entries.values().filter(|entry| entry.unsent.is_some()).count()
    }
}

#[cfg(test)]
mod tests;
