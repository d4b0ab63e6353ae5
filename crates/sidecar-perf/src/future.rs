//! Operations that are futures.

use crate::polls::Polls;
use crate::{Completion, Operation};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A future that is measured from its first poll to its end, made by [`Operation::measure_async`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Measured<F: Future> {
        // Before the stage, so that the operation has ended only when the future's own drop is over.
        #[pin]
        future: F,
        stage: Stage,
        completion: fn(&F::Output) -> Completion,
    }
}

enum Stage {
    Unpolled(Operation),
    Running(Polls),
    Done,
}

impl<F: Future> Measured<F> {
    pub(crate) fn new(operation: Operation, future: F, completion: fn(&F::Output) -> Completion) -> Self {
        Self { future, stage: Stage::Unpolled(operation), completion }
    }
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Outside the future while it runs, so that a panic ends the operation even if the future is kept.
        let mut polls = match std::mem::replace(this.stage, Stage::Done) {
            Stage::Unpolled(operation) => Polls::new(operation),
            Stage::Running(polls) => polls,
            Stage::Done => return this.future.poll(context),
        };
        match polls.poll(|| this.future.poll(context)) {
            Poll::Ready(value) => {
                polls.end((this.completion)(&value));
                Poll::Ready(value)
            }
            Poll::Pending => {
                *this.stage = Stage::Running(polls);
                Poll::Pending
            }
        }
    }
}

impl<F: Future> fmt::Debug for Measured<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measured").finish_non_exhaustive()
    }
}
