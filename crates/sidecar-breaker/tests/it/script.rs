//! Futures that do what they are told, poll by poll.

use std::panic::panic_any;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The error of what ends in [`End::Err`], and the payload of what ends in [`End::Panic`].
pub(crate) const DOWN: &str = "down";

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// How something ends that has waited.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Ok,
    Err,
    Panic,
}

/// Pending as often as `waits` says; then the end. A future that is one, or what a service is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) waits: u32,
    pub(crate) end: End,
}

impl Script {
    pub(crate) const OK: Self = Self { waits: 0, end: End::Ok };
    pub(crate) const ERR: Self = Self { waits: 0, end: End::Err };
    pub(crate) const PANIC: Self = Self { waits: 0, end: End::Panic };

    pub(crate) fn waiting(self, waits: u32) -> Self {
        Self { waits, ..self }
    }

    pub(crate) fn step(&mut self) -> Poll<Result<(), &'static str>> {
        if self.waits > 0 {
            self.waits -= 1;
            return Poll::Pending;
        }
        match self.end {
            End::Ok => Poll::Ready(Ok(())),
            End::Err => Poll::Ready(Err(DOWN)),
            End::Panic => panic_any(DOWN),
        }
    }
}

impl Future for Script {
    type Output = Result<(), &'static str>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.step()
    }
}
