//! The layer, and which responses are failures.

use crate::tower::PerfService;
use crate::{Completion, Operation};
use std::fmt;
use tower_layer::Layer;

/// Measures each call of tower's services as an operation (feature `tower`).
///
/// An operation begins with the call: waiting for readiness is no part of it. It ends with the response, as `classify`
/// says; with a panic of the service or its future; or as cancelled, when the future is dropped before. Time inside
/// polls is told from time between them.
///
/// # Example
/// ```
/// use sidecar_perf::{PerfLayer, PerfMonitor};
/// use std::future::{Future, ready};
/// use std::pin::pin;
/// use std::task::{Context, Waker};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// let monitor = PerfMonitor::builder().build()?;
/// let service = ServiceBuilder::new()
///     .layer(PerfLayer::new(monitor.operation("halve")))
///     .service_fn(|number: u32| ready(if number % 2 == 0 { Ok(number / 2) } else { Err("odd") }));
/// // What an executor would do, for a service that never waits.
/// for number in [2, 3] {
///     let _ = pin!(service.clone().oneshot(number)).poll(&mut Context::from_waker(Waker::noop()));
/// }
/// let metrics = monitor.operation_metrics("halve").expect("it was named above");
/// assert_eq!((metrics.successes, metrics.failures), (1, 1));
/// # Ok::<(), sidecar_perf::SettingsError>(())
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is given a service"]
pub struct PerfLayer<C = ByResult> {
    operation: Operation,
    classify: C,
}

impl PerfLayer {
    /// Measures calls as `operation`; `Ok` is a success and `Err` a failure.
    pub fn new(operation: Operation) -> Self {
        Self { operation, classify: ByResult }
    }
}

impl<C> PerfLayer<C> {
    /// Says how a call has ended. Default: `Ok` is a success and `Err` a failure; so it is too where `classify`
    /// panics. It is cloned for each call.
    pub fn classify<T, E, F>(self, classify: F) -> PerfLayer<F>
    where
        F: Fn(&Result<T, E>) -> Completion + Clone,
    {
        PerfLayer { operation: self.operation, classify }
    }
}

impl<S, C: Clone> Layer<S> for PerfLayer<C> {
    type Service = PerfService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        PerfService::new(inner, self.operation.clone(), self.classify.clone())
    }
}

impl<C> fmt::Debug for PerfLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfLayer").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// Says how a call has ended: [`ByResult`], or any function of this shape.
pub trait Classify<T, E> {
    /// What `result` is.
    fn classify(&self, result: &Result<T, E>) -> Completion;
}

impl<T, E, F: Fn(&Result<T, E>) -> Completion> Classify<T, E> for F {
    fn classify(&self, result: &Result<T, E>) -> Completion {
        self(result)
    }
}

/// The classification of a [`PerfLayer`] that was given none: [`Completion::of`].
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ByResult;

impl<T, E> Classify<T, E> for ByResult {
    fn classify(&self, result: &Result<T, E>) -> Completion {
        Completion::of(result)
    }
}
