//! Which outcomes of a service count.

use crate::Verdict;

/// Says how an outcome counts: [`ByResult`], or any function of this shape.
///
/// It runs outside every lock and may use the breaker.
pub trait Classify<T, E> {
    /// What `result` says about the dependency.
    fn classify(&self, result: &Result<T, E>) -> Verdict;
}

impl<T, E, F: Fn(&Result<T, E>) -> Verdict> Classify<T, E> for F {
    fn classify(&self, result: &Result<T, E>) -> Verdict {
        self(result)
    }
}

/// The classification of a [`BreakerLayer`](crate::BreakerLayer) that was given none: `Ok` is a success and
/// `Err` a failure, as [`Verdict::of`] has it.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ByResult;

impl<T, E> Classify<T, E> for ByResult {
    fn classify(&self, result: &Result<T, E>) -> Verdict {
        Verdict::of(result)
    }
}
