//! The layer, and the documentation of all that it makes.

use crate::tower::{BreakerService, ByResult};
use crate::{Breaker, Verdict};
use std::fmt;
use tower_layer::Layer;

/// Puts a [`Breaker`] in front of tower's services (feature `tower`).
///
/// A service that cannot take a request says so in `poll_ready`, and its callers wait. A breaker that stood
/// behind that wait could not help where it is needed most: when the dependency hangs, every place in front
/// of it is taken, and callers queue for a service that would have failed them. So the breaker is asked
/// first. While it is open, a service is ready at once, its inner service is not even asked, and the call
/// ends as [`CallError::Rejected`](crate::CallError::Rejected).
///
/// All services that one layer makes, and their clones, share its breaker.
///
/// # Example
/// ```
/// use sidecar_breaker::{Breaker, BreakerLayer, CallError};
/// use std::future::{Future, ready};
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// let breaker = Breaker::builder("payments").failure_threshold(1).build()?;
/// let service = ServiceBuilder::new()
///     .layer(BreakerLayer::new(breaker))
///     .service_fn(|cents: u32| ready(if cents < 100 { Ok("paid") } else { Err("connection refused") }));
///
/// // What an executor would do, for a service that never waits.
/// let call = |cents| match pin!(service.clone().oneshot(cents)).poll(&mut Context::from_waker(Waker::noop())) {
///     Poll::Ready(result) => result,
///     Poll::Pending => unreachable!("the service never waits"),
/// };
/// assert_eq!(call(1), Ok("paid"));
/// assert_eq!(call(100), Err(CallError::Inner("connection refused")));
/// assert!(matches!(call(1), Err(CallError::Rejected(_))));
/// # Ok::<(), sidecar_breaker::SettingsError>(())
/// ```
///
/// # How it works
/// | the breaker, asked by `poll_ready` | `poll_ready` | `call` |
/// | --- | --- | --- |
/// | refuses | ready, without asking the inner service | is rejected, without calling it |
/// | admits | as the inner service says; the permit is kept meanwhile | goes on with that permit |
///
/// A refusal is not an error of `poll_ready`, because to tower an error there means that the service is
/// dead. Once `poll_ready` has answered, the next `call` keeps to it: a refusal holds until it is used.
///
/// A permit is held from the admission until the response is there. It ends by
/// - the response: as `classify` says;
/// - an error of the inner service's `poll_ready`: as a failure, handed on as
///   [`CallError::Inner`](crate::CallError::Inner). No response was classified, and the service is dead;
/// - a panic in the inner service or its future: as a failure, and it goes on unwinding;
/// - a drop of the response future, or of a service that holds a permit: as the setting `dropped` says.
///
/// How long a call takes, for policies that ask, counts from the call: the wait for readiness is no part of it.
///
/// Permits can become late while the inner service is not ready: the breaker opens, is reset, or its
/// half-open round ends. So `poll_ready` and `call` look again; a late permit is given up, which counts as
/// late, and the breaker is asked anew. A clone of a service holds no permit. A `call` without a
/// `poll_ready` before it asks the breaker itself.
///
/// # Cost
/// While closed: what [`Breaker::try_acquire_owned`] costs, a few loads to see that the permit is not late
/// whenever it is looked at, and one clone of the `classify` function. Nothing is boxed or allocated. As a
/// future may outlive its service, each admitted call counts one more owner of the breaker: two atomic
/// additions, for which threads that share the breaker compete. A refused call has none of that. Half-open,
/// each look takes the breaker's short lock.
///
/// # Limits
/// - A service that is ready holds a permit. If it is kept so without a call while half-open, a probe's place
///   is taken until the service is dropped, or the round ends and with it the permit. Make services ready
///   when there is a request for them.
/// - A breaker that opens wakes no task: one that waits for the inner service hears of it when it is polled
///   next. A wait that may be endless needs a time limit outside this layer.
/// - A refusal is as old as the `poll_ready` that brought it. One that waited for its call longer than the
///   breaker was open rejects that call all the same; the next one probes.
/// - Only calls that reach this layer are seen. Put it inside a retry, so that each attempt counts, and
///   outside a time limit, so that one that runs out counts as a failure.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is given a service"]
pub struct BreakerLayer<C = ByResult> {
    breaker: Breaker,
    classify: C,
}

impl BreakerLayer {
    /// Protects services with `breaker`; `Ok` counts as a success and `Err` as a failure.
    pub fn new(breaker: Breaker) -> Self {
        Self { breaker, classify: ByResult }
    }
}

impl<C> BreakerLayer<C> {
    /// Says which outcomes count. Default: `Ok` is a success and `Err` a failure.
    ///
    /// `classify` runs outside every lock and may use the breaker. If it panics, the panic ends there, and
    /// the outcome counts by that default. It is cloned for each call.
    ///
    /// ```
    /// # use sidecar_breaker::{Breaker, BreakerLayer, Verdict};
    /// # use std::convert::Infallible;
    /// # let breaker = Breaker::builder("upstream").build()?;
    /// # struct Response { status: u16 }
    /// let layer = BreakerLayer::new(breaker).classify(|result: &Result<Response, Infallible>| match result {
    ///     Ok(response) if response.status >= 500 => Verdict::Failure,
    ///     Ok(response) if response.status == 404 => Verdict::Ignored,
    ///     other => Verdict::of(other),
    /// });
    /// # drop(layer);
    /// # Ok::<(), sidecar_breaker::SettingsError>(())
    /// ```
    pub fn classify<T, E, F>(self, classify: F) -> BreakerLayer<F>
    where
        F: Fn(&Result<T, E>) -> Verdict + Clone,
    {
        BreakerLayer { breaker: self.breaker, classify }
    }
}

impl<S, C: Clone> Layer<S> for BreakerLayer<C> {
    type Service = BreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        BreakerService::new(inner, self.breaker.clone(), self.classify.clone())
    }
}

impl<C> fmt::Debug for BreakerLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerLayer").field("breaker", &self.breaker).finish_non_exhaustive()
    }
}
