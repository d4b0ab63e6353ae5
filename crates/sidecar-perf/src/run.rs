//! One operation under way. Whatever happens to it, it ends once.

use crate::cells::Polled;
use crate::operation::Meter;
use crate::{Completion, Operation};
use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::thread;

/// Ends the operation when it is dropped, if nobody did before.
pub(crate) struct Run<M: Deref<Target = Meter>> {
    /// `None` if it is not recorded.
    meter: Option<M>,
    start: u64,
    /// How it ends if it is dropped now.
    completion: Completion,
    polled: Option<Polled>,
}

impl<M: Deref<Target = Meter>> Run<M> {
    #[inline]
    pub(crate) fn start(meter: M) -> Self {
        let (completion, polled) = (Completion::Cancelled, None);
        if !meter.is_enabled() {
            return Self { meter: None, start: 0, completion, polled };
        }
        meter.begin();
        let start = meter.now();
        Self { meter: Some(meter), start, completion, polled }
    }

    pub(crate) fn start_async(meter: M) -> Self {
        let mut run = Self::start(meter);
        run.polled = Some(Polled::default());
        run
    }

    /// Runs `body`, which is a panic if it does not return.
    #[inline]
    pub(crate) fn run<R>(&mut self, body: impl FnOnce() -> R) -> R {
        self.completion = Completion::Panicked;
        let returned = body();
        self.completion = Completion::Cancelled;
        returned
    }

    pub(crate) async fn run_async<F: Future>(&mut self, body: F) -> F::Output {
        let mut body = pin!(body);
        let mut polled = Polled::default();
        poll_fn(|context| {
            let Some(meter) = &self.meter else { return body.as_mut().poll(context) };
            let began = meter.now();
            // Counted before the poll, which may unwind.
            polled.polls += 1;
            self.polled = Some(polled);
            let poll = self.run(|| body.as_mut().poll(context));
            if let Some(meter) = &self.meter {
                polled.busy_nanos += meter.now().saturating_sub(began);
                self.polled = Some(polled);
            }
            poll
        })
        .await
    }

    #[inline]
    pub(crate) fn end(mut self, completion: Completion) {
        self.completion = completion;
    }
}

impl<M: Deref<Target = Meter>> Drop for Run<M> {
    #[inline]
    fn drop(&mut self) {
        if let Some(meter) = &self.meter {
            let now = meter.now();
            meter.end(self.completion, now.saturating_sub(self.start), now, self.polled);
        }
    }
}

/// An operation under way. Dropped without a word it is cancelled; by a panic that began after it, panicked.
#[must_use = "a timer that is dropped ends its operation as cancelled"]
pub struct Timer {
    run: Run<Arc<Meter>>,
    /// Whether the thread was unwinding already when it began.
    is_in_panic: bool,
}

impl Timer {
    pub(crate) fn start(operation: Operation) -> Self {
        Self { run: Run::start(operation.meter), is_in_panic: thread::panicking() }
    }

    /// Ends it as a success.
    pub fn success(self) {
        self.end(Completion::Success);
    }

    /// Ends it as a failure.
    pub fn failure(self) {
        self.end(Completion::Failure);
    }

    fn end(mut self, completion: Completion) {
        self.run.completion = completion;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if self.run.completion == Completion::Cancelled && thread::panicking() && !self.is_in_panic {
            self.run.completion = Completion::Panicked;
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("is_recorded", &self.run.meter.is_some()).finish_non_exhaustive()
    }
}
