//! What the readings so far amount to.

use crate::budget::{BUDGET_WINDOW, Budget, BudgetReport};
use crate::builder::MIN_INTERVAL;
use crate::history::{History, Point};
use crate::meters::Sums;
use crate::snapshot::{OwnShare, Snapshot, megabytes, percent, seconds};
use crate::source::Reading;
use sidecar_core::clock::nanos;
use std::time::SystemTime;

/// Everything one reading adds.
pub(crate) struct Entry {
    pub(crate) now: u64,
    pub(crate) time: SystemTime,
    pub(crate) reading: Reading,
    pub(crate) charges: Sums,
    pub(crate) accounts: Sums,
}

/// Totals, history and the latest snapshot. Pure: time and figures come from outside.
#[derive(Debug)]
pub(crate) struct Books {
    history: History,
    before: Option<Before>,
    charged_nanos: u64,
    threads_nanos: Option<u64>,
    snapshot: Snapshot,
}

/// The reading that the next one is measured against.
#[derive(Clone, Copy, Debug)]
struct Before {
    at: u64,
    cpu_nanos: u64,
    own_nanos: u64,
    resident_bytes: u64,
}

impl Books {
    pub(crate) fn new(time: SystemTime) -> Self {
        Self {
            history: History::default(),
            before: None,
            charged_nanos: 0,
            threads_nanos: None,
            snapshot: Snapshot::unread(time),
        }
    }

    /// Adds a reading: to the totals at any time, to the history and the percentages if it [is due](Self::is_due).
    pub(crate) fn record(&mut self, entry: Entry) {
        let Entry { now, time, reading, charges, accounts } = entry;
        self.charged_nanos = self.charged_nanos.saturating_add(charges.risen);
        self.threads_nanos = self.threads_nanos.max(reading.sidecar_cpu_nanos);
        let own_nanos = self.charged_nanos.saturating_add(self.threads_nanos.unwrap_or(0));
        let own_bytes = accounts.values.saturating_add(self.history.bytes());

        let latest = Before {
            at: now,
            cpu_nanos: reading.cpu_nanos,
            own_nanos,
            resident_bytes: reading.resident_bytes,
        };
        let average = (percent(reading.cpu_nanos, reading.age_nanos), percent(own_nanos, reading.age_nanos));
        let (cpu_percent, own_percent) = match self.before {
            None => {
                self.before = Some(latest);
                average
            }
            // Over so short a time a percentage is noise: only the totals are news.
            Some(_) if !self.is_due(now) && self.history.is_empty() => average,
            Some(_) if !self.is_due(now) => (self.snapshot.cpu_percent, self.snapshot.own.cpu_percent),
            Some(before) => {
                self.before = Some(latest);
                let span = now - before.at;
                // A forked child's CPU time begins anew: it counts from its second reading on.
                let cpu_nanos = reading.cpu_nanos.saturating_sub(before.cpu_nanos);
                let own_cpu_nanos = own_nanos - before.own_nanos;
                self.history.push(Point {
                    at: now,
                    span,
                    cpu_nanos,
                    own_cpu_nanos,
                    resident_bytes: reading.resident_bytes,
                    resident_bytes_before: before.resident_bytes,
                    own_bytes,
                });
                (percent(cpu_nanos, span), percent(own_cpu_nanos, span))
            }
        };
        let peak = self.snapshot.peak_memory_bytes.max(reading.resident_bytes);
        self.snapshot = Snapshot {
            time,
            cpu_percent,
            memory_mb: megabytes(reading.resident_bytes),
            thread_count: reading.thread_count,
            cpu_seconds: seconds(reading.cpu_nanos),
            memory_bytes: reading.resident_bytes,
            peak_memory_bytes: peak.max(reading.peak_resident_bytes.unwrap_or(0)),
            cgroup_cpu_limit_cores: reading.cgroup_cpu_nanos_per_second.map(seconds),
            cgroup_memory_limit_bytes: reading.cgroup_memory_bytes,
            failed_readings: self.snapshot.failed_readings + charges.failed + accounts.failed,
            own: OwnShare {
                cpu_percent: own_percent,
                memory_mb: megabytes(own_bytes),
                cpu_seconds: seconds(own_nanos),
                memory_bytes: own_bytes,
                threads_cpu_seconds: self.threads_nanos.map(seconds),
                charged_cpu_seconds: seconds(self.charged_nanos),
            },
        };
    }

    /// Whether a reading at `now` would be far enough from the one before, and after it, to make a percentage.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.before.is_none_or(|before| now.saturating_sub(before.at) >= nanos(MIN_INTERVAL))
    }

    /// Counts a reading that failed.
    pub(crate) fn record_failure(&mut self) {
        self.snapshot.failed_readings += 1;
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }

    /// Readings that failed and closures that panicked.
    pub(crate) fn failures(&self) -> u64 {
        self.snapshot.failed_readings
    }

    /// The points of a window, copied, so that a summary is made of them outside the lock around the books.
    pub(crate) fn points(&self, now: u64, window: u64) -> Vec<Point> {
        self.history.within(now, window)
    }

    pub(crate) fn judge(&self, budget: Budget) -> BudgetReport {
        let recent = self.history.own_cpu_percent(nanos(BUDGET_WINDOW));
        budget.judge(recent.unwrap_or(self.snapshot.own.cpu_percent), self.snapshot.own.memory_mb)
    }
}
