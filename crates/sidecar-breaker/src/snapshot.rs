//! A breaker at one moment, as plain data.

use crate::listeners::ListenerCounts;
use crate::totals::Counts;
use crate::word::Word;
use crate::{State, Transition};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Everything a snapshot shows, read in one step; the totals one by one.
pub(crate) struct Reading {
    pub(crate) word: Word,
    pub(crate) left: Option<u64>,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) failure_count: u64,
    pub(crate) last_failure: Option<SystemTime>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) counts: Counts,
}

/// A breaker at one moment. Serialises (feature `serde`) with the fields' names; times as RFC 3339 text,
/// durations as milliseconds in fields that end in `_ms`.
// Not `Eq`, so that a field may be a fraction.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// The breaker's name.
    pub name: String,
    /// What the breaker does with calls.
    pub state: State,
    /// Failures that count towards opening: inside the sliding window, or what the rule of the policy counts that
    /// counts most. No more than the window remembers one by one: the threshold, or 128 if that is higher.
    pub failure_count: u64,
    /// When the last failure was counted, by the wall clock.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::optional_time"))]
    pub last_failure: Option<SystemTime>,
    /// Calls that succeeded, since the breaker was built.
    pub successes: u64,
    /// Calls that failed, since the breaker was built.
    pub failures: u64,
    /// Calls that said nothing about the dependency, since the breaker was built.
    pub ignored: u64,
    /// Calls that were refused, since the breaker was built.
    pub rejected: u64,
    /// Calls that ended in a later generation than they began in, since the breaker was built.
    pub late: u64,
    /// How often the breaker has started anew: with every change of state and every reset.
    pub generation: u64,
    /// While open: how long until a call may probe, zero if the next one may.
    #[cfg_attr(feature = "serde", serde(rename = "next_probe_in_ms"))]
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::optional_millis"))]
    pub next_probe_in: Option<Duration>,
    /// While in a state set by hand for a time: how long until it ends.
    #[cfg_attr(feature = "serde", serde(rename = "hold_ends_in_ms"))]
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::optional_millis"))]
    pub hold_ends_in: Option<Duration>,
    /// While in a state set by hand: the reason that was given.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::optional_text"))]
    pub reason: Option<Arc<str>>,
    /// Transitions given up because 64 later ones waited for the listeners, since the breaker was built.
    pub unheard: u64,
    /// Calls of listeners that panicked, since the breaker was built.
    pub listener_panics: u64,
    /// The last transitions, at most 16, oldest first.
    pub transitions: Vec<Transition>,
}

impl BreakerSnapshot {
    pub(crate) fn new(name: &str, reading: Reading, listeners: ListenerCounts) -> Self {
        let state = reading.word.state();
        let left = reading.left.map(Duration::from_nanos);
        Self {
            name: name.to_owned(),
            state,
            failure_count: reading.failure_count,
            last_failure: reading.last_failure,
            successes: reading.counts.successes,
            failures: reading.counts.failures,
            ignored: reading.counts.ignored,
            rejected: reading.counts.rejected,
            late: reading.counts.late,
            generation: reading.word.generation(),
            next_probe_in: left.filter(|_| state == State::Open),
            hold_ends_in: left.filter(|_| state.is_held()),
            reason: reading.reason,
            unheard: listeners.unheard,
            listener_panics: listeners.panics,
            transitions: reading.transitions,
        }
    }
}
