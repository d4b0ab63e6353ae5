//! Changes of state, their causes, and the bounded history of the last ones.

use crate::State;
use crate::listeners::Outbox;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One change of a breaker's state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Transition {
    /// The first change of a breaker is 1; each later one has the next number, without gaps.
    pub sequence: u64,
    /// The state that was left.
    pub from: State,
    /// The state that was entered.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// When, by the wall clock; for people, never used to decide anything.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::time"))]
    pub at: SystemTime,
    /// The reason that was given by hand, if any.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::optional_text"))]
    pub reason: Option<Arc<str>>,
}

/// Why a breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Cause {
    /// So many failures fell inside the window: `failure_threshold`, or the policy's number.
    FailureThreshold,
    /// So many calls in a row failed.
    ConsecutiveFailures,
    /// The share of failures was reached.
    FailureRate,
    /// The share of slow calls was reached.
    SlowCallRate,
    /// The open time had passed, and a call came to probe.
    TimeoutElapsed,
    /// `success_threshold` probes succeeded.
    ProbesSucceeded,
    /// A probe failed, or was slow where the policy asks for that.
    ProbeFailed,
    /// The round had no verdict within `probe_timeout`.
    ProbeTimeout,
    /// A command: trip, reset, force open, disable or metrics only.
    ByHand,
    /// The time to live of a state set by hand ended.
    HoldEnded,
    /// The registry was switched off or on again.
    Switched,
}

/// A change as the machine sees it: in its own time.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) cause: Cause,
    pub(crate) at: u64,
    pub(crate) reason: Option<Arc<str>>,
}

/// The last [`History::LIMIT`] transitions, oldest first. What is recorded goes to the outbox too.
#[derive(Debug)]
pub(crate) struct History {
    last: VecDeque<Transition>,
    sequence: u64,
    outbox: Arc<Outbox>,
}

impl History {
    pub(crate) const LIMIT: usize = 16;

    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self { last: VecDeque::new(), sequence: 0, outbox }
    }

    /// Keeps `change`, which is seen at `now` but may have been due earlier.
    pub(crate) fn record(&mut self, change: Change, now: u64) {
        let Change { from, to, cause, at, reason } = change;
        let wall = SystemTime::now();
        let at = wall.checked_sub(Duration::from_nanos(now.saturating_sub(at))).unwrap_or(wall);
        self.sequence += 1;
        if self.last.len() == Self::LIMIT {
            self.last.pop_front();
        }
        let transition = Transition { sequence: self.sequence, from, to, cause, at, reason };
        self.outbox.push(&transition);
        self.last.push_back(transition);
    }

    pub(crate) fn to_vec(&self) -> Vec<Transition> {
        self.last.iter().cloned().collect()
    }
}
