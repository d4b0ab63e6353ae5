//! Running calls through a breaker: in threads and as futures.

use crate::circuit::Circuit;
use crate::permit::{Slip, Unwinding};
use crate::ticket::Ticket;
use crate::word::Word;
use crate::{Breaker, CallError, Verdict};
use sidecar_core::panics;
use std::future::{Future, poll_fn};
use std::pin::pin;

impl Breaker {
    /// Runs `f` if the breaker admits it. `Ok` counts as a success, `Err` as a failure.
    ///
    /// A panic in `f` counts as a failure and goes on unwinding.
    ///
    /// ```
    /// # use sidecar_breaker::{Breaker, CallError};
    /// let breaker = Breaker::builder("numbers").build()?;
    /// assert_eq!(breaker.call(|| "7".parse::<u8>()), Ok(7));
    /// assert!(matches!(breaker.call(|| "x".parse::<u8>()), Err(CallError::Inner(_))));
    /// # Ok::<(), sidecar_breaker::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError::Rejected`] when refused, else what `f` returned.
    #[inline]
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        self.run(Verdict::of, f)
    }

    /// As [`call`](Self::call), with `classify` to say which outcomes count.
    ///
    /// `classify` runs outside every lock and may use the breaker. If it panics, the panic ends there,
    /// and the outcome counts as it does with [`call`](Self::call).
    ///
    /// ```
    /// # use sidecar_breaker::{Breaker, Verdict};
    /// # use std::io::{Error, ErrorKind};
    /// let breaker = Breaker::builder("files").failure_threshold(1).build()?;
    /// let missing_is_fine = |result: &Result<(), Error>| match result {
    ///     Err(error) if error.kind() == ErrorKind::NotFound => Verdict::Success,
    ///     other => Verdict::of(other),
    /// };
    /// let _ = breaker.call_with(missing_is_fine, || Err(ErrorKind::NotFound.into()));
    /// assert_eq!(breaker.snapshot().failure_count, 0);
    /// # Ok::<(), sidecar_breaker::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError::Rejected`] when refused, else what `f` returned.
    pub fn call_with<T, E>(
        &self,
        classify: impl FnOnce(&Result<T, E>) -> Verdict,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        self.run(contained(classify), f)
    }

    /// As [`call`](Self::call) for a future, on any executor.
    ///
    /// The breaker is asked at the first poll, and `make` runs only if it admits the call. A future that
    /// is dropped before it is done counts as the setting `dropped` says.
    ///
    /// # Errors
    /// [`CallError::Rejected`] when refused, else what the future returned.
    pub async fn call_async<T, E, F, Fut>(&self, make: F) -> Result<T, CallError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.run_async(Verdict::of, make).await
    }

    /// As [`call_async`](Self::call_async), with `classify` as in [`call_with`](Self::call_with).
    ///
    /// # Errors
    /// [`CallError::Rejected`] when refused, else what the future returned.
    pub async fn call_async_with<T, E, C, F, Fut>(&self, classify: C, make: F) -> Result<T, CallError<E>>
    where
        C: FnOnce(&Result<T, E>) -> Verdict,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.run_async(contained(classify), make).await
    }

    #[inline]
    fn run<T, E>(
        &self,
        classify: impl FnOnce(&Result<T, E>) -> Verdict,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        match self.circuit.admit_at_a_glance() {
            Ok(ticket) => run_admitted(&self.circuit, ticket, classify, f),
            Err(word) => self.run_at_length(word, classify, f),
        }
    }

    /// Goes on from a first glance. Not part of the caller, so that the short way through stays short there.
    #[inline(never)]
    fn run_at_length<T, E>(
        &self,
        word: Word,
        classify: impl FnOnce(&Result<T, E>) -> Verdict,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        let ticket = self.circuit.admit_at_length(word).map_err(CallError::Rejected)?;
        run_admitted(&self.circuit, ticket, classify, f)
    }

    async fn run_async<T, E, Fut: Future<Output = Result<T, E>>>(
        &self,
        classify: impl FnOnce(&Result<T, E>) -> Verdict,
        make: impl FnOnce() -> Fut,
    ) -> Result<T, CallError<E>> {
        let ticket = self.circuit.admit().map_err(CallError::Rejected)?;
        let mut slip = Slip::new(&*self.circuit, ticket);
        let mut future = pin!(slip.run(make));
        // Only a poll that unwinds leaves the slip marked; a drop between polls is a cancellation, also
        // when the dropping thread unwinds for a reason of its own.
        let result = poll_fn(|context| slip.run(|| future.as_mut().poll(context))).await;
        slip.settle(Some(classify(&result)));
        result.map_err(CallError::Inner)
    }
}

#[inline(always)]
fn run_admitted<T, E>(
    circuit: &Circuit,
    ticket: Ticket,
    classify: impl FnOnce(&Result<T, E>) -> Verdict,
    f: impl FnOnce() -> Result<T, E>,
) -> Result<T, CallError<E>> {
    let result = Unwinding::watch(circuit, ticket, f);
    match classify(&result) {
        Verdict::Success => circuit.succeed(ticket),
        Verdict::Failure => circuit.fail(ticket),
        verdict => circuit.settle(ticket, Some(verdict)),
    }
    result.map_err(CallError::Inner)
}

/// `classify`, with the default classification in place of a panic.
pub(crate) fn contained<T, E>(
    classify: impl FnOnce(&Result<T, E>) -> Verdict,
) -> impl FnOnce(&Result<T, E>) -> Verdict {
    move |result| panics::contain(|| classify(result)).unwrap_or_else(|_| Verdict::of(result))
}
