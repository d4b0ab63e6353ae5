//! A service whose calls are measured.

use crate::Operation;
use crate::polls::Polls;
use crate::tower::{ByResult, Classify, PerfFuture};
use std::fmt;
use std::task::{Context, Poll};
use tower_service::Service;

/// A service whose calls are measured, made by a [`PerfLayer`](crate::PerfLayer), which says how.
#[derive(Clone)]
pub struct PerfService<S, C = ByResult> {
    inner: S,
    operation: Operation,
    classify: C,
}

impl<S, C> PerfService<S, C> {
    pub(crate) fn new(inner: S, operation: Operation, classify: C) -> Self {
        Self { inner, operation, classify }
    }
}

impl<S, C, R> Service<R> for PerfService<S, C>
where
    S: Service<R>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = PerfFuture<S::Future, C>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // Before the operation, which has not begun if this panics.
        let classify = self.classify.clone();
        let mut polls = Polls::new(self.operation.clone());
        let call = polls.inside(|| self.inner.call(request));
        PerfFuture::new(call, polls, classify)
    }
}

impl<S: fmt::Debug, C> fmt::Debug for PerfService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfService")
            .field("inner", &self.inner)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
