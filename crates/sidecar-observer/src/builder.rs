//! Settings of an observer, and its start.

use crate::admit::{Admit, KeepAll};
use crate::credits::Credits;
use crate::intake::{self, Intake};
use crate::observer::Observer;
use crate::redact;
use crate::shared::Shared;
use crate::worker;
use sidecar_core::histogram::FixedHistogram;
use sidecar_core::{Clock, EventTypes, SettingsError, StartError, threads};
use std::fmt;
use std::sync::Arc;

/// Which event makes way when the queue is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropPolicy {
    /// The oldest of the calling thread's lane; the new one if that lane is empty.
    #[default]
    Oldest,
    /// The new one.
    Newest,
}

/// Upper bounds of the latency histogram, in milliseconds.
const LATENCY_BOUNDS_MS: [f64; 15] =
    [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3];

/// Builds and starts an [`Observer`].
#[must_use = "a builder does nothing until it is started"]
pub struct ObserverBuilder {
    queue_size: usize,
    queue_bytes: usize,
    drop_policy: DropPolicy,
    admit: Box<dyn Admit>,
    names: EventTypes,
    clock: Clock,
    max_text_bytes: usize,
    redacted: Vec<String>,
}

impl ObserverBuilder {
    /// Bytes that a text may have by default.
    pub const DEFAULT_MAX_TEXT_BYTES: usize = intake::DEFAULT_MAX_TEXT_BYTES;
    /// Most names of fields to [`redact`](Self::redact).
    pub const MAX_REDACTED: usize = redact::MAX_NAMES;
    /// Events that may wait by default.
    pub const DEFAULT_QUEUE_SIZE: usize = 10_000;
    /// Bytes that waiting events may occupy by default.
    pub const DEFAULT_QUEUE_BYTES: usize = 40 << 20;

    pub(crate) fn new() -> Self {
        Self {
            queue_size: Self::DEFAULT_QUEUE_SIZE,
            queue_bytes: Self::DEFAULT_QUEUE_BYTES,
            drop_policy: DropPolicy::default(),
            admit: Box::new(KeepAll),
            names: EventTypes::default(),
            clock: Clock::new(),
            max_text_bytes: Self::DEFAULT_MAX_TEXT_BYTES,
            redacted: Vec::new(),
        }
    }

    /// How many events may wait, over all threads together; 1 to 10 000 000. Defaults to 10 000.
    pub fn queue_size(mut self, events: usize) -> Self {
        self.queue_size = events;
        self
    }

    /// How many bytes the waiting events may occupy; at least 4 096. Defaults to 40 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Which event makes way when the queue is full. Defaults to the oldest.
    pub fn drop_policy(mut self, policy: DropPolicy) -> Self {
        self.drop_policy = policy;
        self
    }

    /// Who decides which events are kept. Defaults to [`KeepAll`].
    pub fn admit(mut self, admit: impl Admit + 'static) -> Self {
        self.admit = Box::new(admit);
        self
    }

    /// The table of event-type names, to be shared with whoever needs the same ids. Defaults to a new one.
    pub fn names(mut self, names: EventTypes) -> Self {
        self.names = names;
        self
    }

    /// The clock that latencies are read from. Defaults to the machine's monotonic clock.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// How many bytes a text may have, in a field, at any depth, or as an id; 64 to 1 048 576. A longer one is cut at a
    /// character and its event [flagged](crate::Event::is_truncated). Defaults to 4 096.
    pub fn max_text_bytes(mut self, bytes: usize) -> Self {
        self.max_text_bytes = bytes;
        self
    }

    /// Names of fields whose values are replaced with the text `[redacted]` before the event is queued: at most
    /// [64](Self::MAX_REDACTED), each of 1 to 128 bytes, added to those given before. Defaults to none.
    ///
    /// A name is compared whole, letters of ASCII without regard to case. It hides fields, ids in the envelope, and
    /// entries of maps at any depth; a map or list of that name as a whole.
    pub fn redact(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.redacted.extend(names.into_iter().map(Into::into));
        self
    }

    /// Checks every setting and starts the worker thread `sidecar-worker`.
    ///
    /// # Errors
    /// When a setting is out of range, or the system has no room for a thread.
    pub fn start(self) -> Result<Observer, StartError> {
        if !(1..=10_000_000).contains(&self.queue_size) {
            let allowed = "a whole number from 1 to 10000000";
            return Err(SettingsError::new("queue_size", self.queue_size, allowed).into());
        }
        if self.queue_bytes < 4_096 {
            return Err(SettingsError::new("queue_bytes", self.queue_bytes, "at least 4096 bytes").into());
        }
        let credits = Credits::new(self.queue_size, self.queue_bytes);
        let latency = FixedHistogram::new(LATENCY_BOUNDS_MS)?;
        let intake = Intake::new(self.max_text_bytes, self.redacted)?;
        let shared =
            Shared::new(self.names, self.admit, self.drop_policy, self.clock, credits, latency, intake);
        let shared = Arc::new(shared);
        let worker = {
            let shared = Arc::clone(&shared);
            threads::spawn("worker", move || worker::run(&shared)).map_err(StartError::Thread)?
        };
        shared.passes.set_worker(worker.thread().clone());
        Ok(Observer::new(shared))
    }
}

impl fmt::Debug for ObserverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserverBuilder")
            .field("queue_size", &self.queue_size)
            .field("queue_bytes", &self.queue_bytes)
            .field("drop_policy", &self.drop_policy)
            .field("max_text_bytes", &self.max_text_bytes)
            .field("redacted", &self.redacted)
            .finish_non_exhaustive()
    }
}
