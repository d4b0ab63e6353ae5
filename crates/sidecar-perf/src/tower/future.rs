//! One call of a measured service, until its response.

use crate::Completion;
use crate::polls::Polls;
use crate::tower::Classify;
use pin_project_lite::pin_project;
use sidecar_core::panics;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The response of a [`PerfService`](crate::PerfService). Dropped before it is done, the call was cancelled.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct PerfFuture<F, C> {
        // Before the polls, so that the operation has ended only when the call's own drop is over.
        #[pin]
        call: F,
        polls: Option<Polls>,
        classify: C,
    }
}

impl<F, C> PerfFuture<F, C> {
    pub(crate) fn new(call: F, polls: Polls, classify: C) -> Self {
        Self { call, polls: Some(polls), classify }
    }
}

impl<F, C, T, E> Future for PerfFuture<F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Outside the future while it runs, so that a panic ends the operation even if the future is kept.
        let Some(mut polls) = this.polls.take() else { return this.call.poll(context) };
        let Poll::Ready(result) = polls.poll(|| this.call.poll(context)) else {
            *this.polls = Some(polls);
            return Poll::Pending;
        };
        let completion = panics::contain(|| this.classify.classify(&result));
        polls.end(completion.unwrap_or_else(|_| Completion::of(&result)));
        Poll::Ready(result)
    }
}

impl<F, C> fmt::Debug for PerfFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfFuture").finish_non_exhaustive()
    }
}
