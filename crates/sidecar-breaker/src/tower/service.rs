//! A service that asks the breaker before the service behind it.

use crate::circuit::Circuit;
use crate::permit::Slip;
use crate::tower::{BreakerFuture, ByResult, Classify};
use crate::{Breaker, CallError, Rejected, Verdict};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, mem};
use tower_service::Service;

/// A service behind a [`Breaker`], made by a [`BreakerLayer`](crate::BreakerLayer), which says what it does.
pub struct BreakerService<S, C = ByResult> {
    inner: S,
    breaker: Breaker,
    classify: C,
    turn: Turn,
}

/// What the breaker has said about the next call.
enum Turn {
    /// It was not asked.
    Unasked,
    /// Kept until the call, for the service has said that it is ready.
    Refused(Rejected),
    Admitted(Slip<Arc<Circuit>>),
}

impl<S, C> BreakerService<S, C> {
    pub(crate) fn new(inner: S, breaker: Breaker, classify: C) -> Self {
        Self { inner, breaker, classify, turn: Turn::Unasked }
    }

    /// Takes what the breaker has said about the next call, and asks it if it has said nothing that holds.
    fn take_turn(&mut self) -> Result<Slip<Arc<Circuit>>, Rejected> {
        match mem::replace(&mut self.turn, Turn::Unasked) {
            Turn::Refused(rejected) => Err(rejected),
            Turn::Admitted(slip) if slip.is_current() => Ok(slip),
            Turn::Admitted(_) | Turn::Unasked => {
                let circuit = &self.breaker.circuit;
                circuit.admit().map(|ticket| Slip::new(Arc::clone(circuit), ticket))
            }
        }
    }
}

impl<S, C, R> Service<R> for BreakerService<S, C>
where
    S: Service<R>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = CallError<S::Error>;
    type Future = BreakerFuture<S::Future, C>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The slip stands outside `self` while the inner service runs, so that a panic there ends it even if
        // the service is kept.
        let mut slip = match self.take_turn() {
            Ok(slip) => slip,
            Err(rejected) => {
                self.turn = Turn::Refused(rejected);
                return Poll::Ready(Ok(()));
            }
        };
        let polled = slip.run(|| self.inner.poll_ready(context));
        if let Poll::Ready(Err(_)) = polled {
            slip.settle(Some(Verdict::Failure));
        } else {
            self.turn = Turn::Admitted(slip);
        }
        polled.map_err(CallError::Inner)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let mut slip = match self.take_turn() {
            Ok(slip) => slip,
            Err(rejected) => return BreakerFuture::refused(rejected),
        };
        // Before the call, which has not begun if this panics.
        let classify = self.classify.clone();
        slip.begin();
        let call = slip.run(|| self.inner.call(request));
        BreakerFuture::running(call, slip, classify)
    }
}

impl<S: Clone, C: Clone> Clone for BreakerService<S, C> {
    /// The clone shares the breaker. It has not asked it yet, whatever the original was told.
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.breaker.clone(), self.classify.clone())
    }
}

impl<S: fmt::Debug, C> fmt::Debug for BreakerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerService")
            .field("inner", &self.inner)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
