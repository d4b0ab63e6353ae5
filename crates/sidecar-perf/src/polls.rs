//! How an operation that is polled spends its time.

use crate::cells::Polled;
use crate::timer::Run;
use crate::{Completion, Operation};
use std::borrow::Borrow;

/// An operation that is polled, and how long that takes. Dropped inside a poll it counts as panicked, otherwise as
/// cancelled, whatever panic drops it.
pub(crate) struct Polls<O: Borrow<Operation> = Operation> {
    run: Run<O>,
    /// When the code was entered that runs now, if it is timed.
    inside: Option<Option<u64>>,
    polled: Polled,
}

impl<O: Borrow<Operation>> Polls<O> {
    #[inline]
    pub(crate) fn new(operation: O) -> Self {
        Self { run: Run::new(operation), inside: None, polled: Polled { busy: 0, polls: 0 } }
    }

    /// Runs what is all of the operation, so that no part of its time need be told from the rest.
    #[cfg(feature = "macros")]
    #[inline]
    pub(crate) fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.inside = Some(None);
        let value = work();
        self.inside = None;
        value
    }

    #[inline]
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        self.polled.polls += 1;
        self.inside(poll)
    }

    /// Runs what is busy time, but no poll.
    pub(crate) fn inside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.inside = Some(self.run.now());
        let value = work();
        self.leave();
        value
    }

    #[inline]
    pub(crate) fn end(mut self, completion: Completion) {
        self.leave();
        self.run.end(completion, self.polled());
    }

    /// `None` where nothing was polled.
    fn polled(&self) -> Option<Polled> {
        (self.polled.polls > 0).then_some(self.polled)
    }

    /// What is busy time from here on, until it is left.
    #[cfg(feature = "tracing-layer")]
    pub(crate) fn enter(&mut self) {
        self.polled.polls += 1;
        self.inside = Some(self.run.now());
    }

    /// Whether a panic unwinds that began after this did.
    #[cfg(feature = "tracing-layer")]
    pub(crate) fn has_panicked(&self) -> bool {
        self.run.has_panicked()
    }

    pub(crate) fn leave(&mut self) -> bool {
        let Some(entered) = self.inside.take() else { return false };
        if let (Some(entered), Some(now)) = (entered, self.run.now()) {
            self.polled.busy += now.saturating_sub(entered);
        }
        true
    }
}

impl<O: Borrow<Operation>> Drop for Polls<O> {
    #[inline]
    fn drop(&mut self) {
        let completion = if self.leave() { Completion::Panicked } else { Completion::Cancelled };
        self.run.end(completion, self.polled());
    }
}
