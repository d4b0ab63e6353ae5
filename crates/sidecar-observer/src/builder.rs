//! Settings of an observer, and its start.

use crate::admit::{Admit, KeepAll};
use crate::intake;
use crate::observer::Observer;
use crate::redact;
use crate::settings::ObserverSettings;
use crate::shared::Shared;
use crate::worker;
use sidecar_core::{Clock, EventTypes, StartError, fork, threads};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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

/// Builds and starts an [`Observer`].
#[must_use = "a builder does nothing until it is started"]
pub struct ObserverBuilder {
    settings: ObserverSettings,
    admit: Box<dyn Admit>,
    names: EventTypes,
    clock: Clock,
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
    /// How long a handler's call may last by default.
    pub const DEFAULT_HANDLER_TIMEOUT: Duration = Duration::from_secs(10);
    /// Panics in a row after which a handler is suspended by default.
    pub const DEFAULT_SUSPEND_AFTER: u32 = 10;
    /// For how long it is suspended by default.
    pub const DEFAULT_SUSPEND_FOR: Duration = Duration::from_secs(30);

    pub(crate) fn new() -> Self {
        Self {
            settings: ObserverSettings::default(),
            admit: Box::new(KeepAll),
            names: EventTypes::default(),
            clock: Clock::new(),
        }
    }

    /// How many events may wait, over all threads together; 1 to 10 000 000. Defaults to 10 000.
    pub fn queue_size(mut self, events: usize) -> Self {
        self.settings.queue_size = events;
        self
    }

    /// How many bytes the waiting events may occupy; at least 4 096. Defaults to 40 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.queue_bytes = bytes;
        self
    }

    /// Which event makes way when the queue is full. Defaults to the oldest.
    pub fn drop_policy(mut self, policy: DropPolicy) -> Self {
        self.settings.drop_policy = policy;
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

    /// How long a handler's call may last, from 10 ms to one hour. One that lasts longer, by up to a quarter, is left
    /// behind with its thread: the event counts as failed, and a new thread goes on with the event's other handlers
    /// and the other events. After four such calls the handler is called no more. Defaults to 10 s.
    ///
    /// It is measured by the machine's clock, whatever [`clock`](Self::clock) is set. Time in which the whole process
    /// is stopped, by a debugger say, counts as a quarter at most.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.settings.handler_timeout = timeout;
        self
    }

    /// After how many panics in a row a handler is suspended; at least 1. The events that it is not called with
    /// then count as failed all the same. Defaults to 10.
    pub fn suspend_after(mut self, panics: u32) -> Self {
        self.settings.suspend_after = panics;
        self
    }

    /// For how long, from 1 ms to one day. The call after that decides: one that returns lifts the suspension,
    /// one that panics renews it. Defaults to 30 s.
    pub fn suspend_for(mut self, pause: Duration) -> Self {
        self.settings.suspend_for = pause;
        self
    }

    /// All settings that [`Observer::update`] may change, at once.
    pub fn settings(mut self, edit: impl FnOnce(&mut ObserverSettings)) -> Self {
        edit(&mut self.settings);
        self
    }

    /// The clock that latencies and suspensions are read from. Defaults to the machine's monotonic clock.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// How many bytes a text may have, in a field, at any depth, or as an id; 64 to 1 048 576. A longer one is cut at a
    /// character and its event [flagged](crate::Event::is_truncated). Defaults to 4 096.
    pub fn max_text_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_text_bytes = bytes;
        self
    }

    /// Names of fields whose values are replaced with the text `[redacted]` before the event is queued: at most
    /// [64](Self::MAX_REDACTED), each of 1 to 128 bytes, added to those given before. Defaults to none.
    ///
    /// A name is compared whole, letters of ASCII without regard to case. It hides fields, ids in the envelope, and
    /// entries of maps at any depth; a map or list of that name as a whole.
    pub fn redact(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.redact.extend(names.into_iter().map(Into::into));
        self
    }

    /// Checks every setting and starts the worker thread `sidecar-worker`.
    ///
    /// # Errors
    /// When a setting is out of range, or the system has no room for a thread or for noticing forks.
    pub fn start(self) -> Result<Observer, StartError> {
        let redacted = self.settings.check()?;
        fork::watch().map_err(StartError::Thread)?;
        let (shared, idle) = Shared::new(self.names, self.admit, self.clock, self.settings, redacted);
        let shared = Arc::new(shared);
        let worker = {
            let shared = Arc::clone(&shared);
            threads::spawn("worker", move || worker::run(&shared, idle)).map_err(StartError::Thread)?
        };
        shared.passes.set_worker(worker.thread().clone());
        Ok(Observer::new(shared))
    }
}

impl fmt::Debug for ObserverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserverBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
