//! A call that hangs without a thread.

use super::Script;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Pending until the script is released; dropped before that, it hangs no more.
pub(super) struct Pending {
    script: Script,
    /// The number of releases that it found.
    found: u64,
}

impl Pending {
    pub(super) fn new(script: Script) -> Self {
        let mut state = script.lock();
        let found = script.hang(&mut state);
        drop(state);
        Self { script, found }
    }
}

impl Future for Pending {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.script.lock();
        if state.releases > self.found {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut state = self.script.lock();
        if state.releases == self.found {
            state.hanging -= 1;
        }
    }
}
