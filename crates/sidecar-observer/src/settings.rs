//! What may be changed while an observer runs.

use crate::builder::{DropPolicy, ObserverBuilder};
use crate::handlers::Limits;
use crate::intake::check_text_bytes;
use crate::redact::Redacted;
use crate::shared::Shared;
use sidecar_core::SettingsError;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The settings of an observer that may change while it runs: see [`ObserverBuilder`] for each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObserverSettings {
    /// How many events may wait, 1 to 10 000 000.
    pub queue_size: usize,
    /// How many bytes waiting events may occupy, at least 4 096.
    pub queue_bytes: usize,
    /// Which event makes way when the queue is full.
    pub drop_policy: DropPolicy,
    /// How long a handler's call may last, from 10 ms to an hour.
    pub handler_timeout: Duration,
    /// Panics in a row after which a handler is suspended, at least 1.
    pub suspend_after: u32,
    /// For how long it is, from 1 ms to a day.
    pub suspend_for: Duration,
    /// How many bytes a text may have, 64 to 1 048 576.
    pub max_text_bytes: usize,
    /// Names of fields whose values are hidden, at most 64 of 1 to 128 bytes.
    pub redact: Vec<String>,
}

impl Default for ObserverSettings {
    fn default() -> Self {
        Self {
            queue_size: ObserverBuilder::DEFAULT_QUEUE_SIZE,
            queue_bytes: ObserverBuilder::DEFAULT_QUEUE_BYTES,
            drop_policy: DropPolicy::default(),
            handler_timeout: ObserverBuilder::DEFAULT_HANDLER_TIMEOUT,
            suspend_after: ObserverBuilder::DEFAULT_SUSPEND_AFTER,
            suspend_for: ObserverBuilder::DEFAULT_SUSPEND_FOR,
            max_text_bytes: ObserverBuilder::DEFAULT_MAX_TEXT_BYTES,
            redact: Vec::new(),
        }
    }
}

impl ObserverSettings {
    pub(crate) fn limits(&self) -> Limits {
        let Self { handler_timeout: timeout, suspend_after, suspend_for, .. } = *self;
        Limits { timeout, suspend_after, suspend_for }
    }

    /// The names to hide, if every setting is in its range.
    pub(crate) fn check(&self) -> Result<Redacted, SettingsError> {
        const MILLISECOND: Duration = Duration::from_millis(1);
        const HOUR: Duration = Duration::from_secs(3_600);
        if !(1..=10_000_000).contains(&self.queue_size) {
            let allowed = "a whole number from 1 to 10000000";
            return Err(SettingsError::new("queue_size", self.queue_size, allowed));
        }
        if self.queue_bytes < 4_096 {
            return Err(SettingsError::new("queue_bytes", self.queue_bytes, "at least 4096 bytes"));
        }
        let Limits { timeout, suspend_after, suspend_for } = self.limits();
        if !(10 * MILLISECOND..=HOUR).contains(&timeout) {
            return Err(SettingsError::new("handler_timeout", format!("{timeout:?}"), "from 10ms to 1h"));
        }
        if suspend_after == 0 {
            return Err(SettingsError::new("suspend_after", suspend_after, "at least 1"));
        }
        if !(MILLISECOND..=24 * HOUR).contains(&suspend_for) {
            return Err(SettingsError::new("suspend_for", format!("{suspend_for:?}"), "from 1ms to 24h"));
        }
        check_text_bytes(self.max_text_bytes)?;
        Redacted::new(self.redact.clone())
    }
}

/// The settings in force.
impl Shared {
    pub(crate) fn settings(&self) -> ObserverSettings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How handlers are kept from doing harm, at this moment.
    pub(crate) fn limits(&self) -> Limits {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).limits()
    }

    /// Puts settings in force that have been checked.
    pub(crate) fn set(&self, settings: ObserverSettings, redacted: Redacted) {
        let mut current = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        self.credits.set_bounds(settings.queue_size, settings.queue_bytes);
        self.drops_newest.store(settings.drop_policy == DropPolicy::Newest, Relaxed);
        self.intake.set(settings.max_text_bytes, redacted);
        *current = settings;
        drop(current);
        // A lower bound may be passed by what waits already.
        self.passes.wake();
    }
}
