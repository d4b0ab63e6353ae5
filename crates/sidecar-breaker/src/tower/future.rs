//! One call of a protected service, until its response.

use crate::call::contained;
use crate::circuit::Circuit;
use crate::permit::Slip;
use crate::tower::Classify;
use crate::{CallError, Rejected};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pin_project! {
    /// The response of a [`BreakerService`](crate::BreakerService), or its rejection.
    ///
    /// Dropped before it is done, the call counts as the setting `dropped` says.
    ///
    /// # Panics
    /// When it is polled again after it is done or has panicked.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct BreakerFuture<F, C> {
        #[pin]
        stage: Stage<F, C>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, C> {
        Refused { rejected: Option<Rejected> },
        // The slip stands behind the call, so that a place is free only when the call's own drop is over.
        Running { #[pin] call: F, slip: Option<Slip<Arc<Circuit>>>, classify: C },
    }
}

/// What a second poll after the end is told.
const DONE: &str = "a future is not polled again after it is done";

impl<F, C> BreakerFuture<F, C> {
    pub(crate) fn refused(rejected: Rejected) -> Self {
        Self { stage: Stage::Refused { rejected: Some(rejected) } }
    }

    pub(crate) fn running(call: F, slip: Slip<Arc<Circuit>>, classify: C) -> Self {
        Self { stage: Stage::Running { call, slip: Some(slip), classify } }
    }
}

impl<F, C, T, E> Future for BreakerFuture<F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, CallError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().stage.project() {
            StageProjection::Refused { rejected } => {
                Poll::Ready(Err(CallError::Rejected(rejected.take().expect(DONE))))
            }
            StageProjection::Running { call, slip, classify } => {
                // Outside the future while the call runs, so that a panic ends it even if the future is kept.
                let mut running = slip.take().expect(DONE);
                let Poll::Ready(result) = running.run(|| call.poll(context)) else {
                    *slip = Some(running);
                    return Poll::Pending;
                };
                let classify = contained(|result| classify.classify(result));
                running.settle(Some(classify(&result)));
                Poll::Ready(result.map_err(CallError::Inner))
            }
        }
    }
}

impl<F, C> fmt::Debug for BreakerFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerFuture").finish_non_exhaustive()
    }
}
