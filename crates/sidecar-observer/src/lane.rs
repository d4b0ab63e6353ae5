//! A lane: the events of one thread on their way to the worker.

use crate::event::Event;
use crate::tally::Tally;
use parking_lot::{Mutex, MutexGuard};
use sidecar_core::TypeId;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

/// An event in a lane, with what its accounting needs.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) event: Event,
    pub(crate) id: TypeId,
    pub(crate) bytes: usize,
    /// When it was observed, in nanoseconds.
    pub(crate) since: u64,
}

/// A queue between one producer and the worker. Host threads only ever try its lock.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    tally: Tally,
    content: Mutex<Content>,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct Content {
    events: VecDeque<Waiting>,
    bytes: usize,
    /// The worker is gone: whatever came now would wait for ever.
    pub(crate) finished: bool,
}

impl Content {
    #[inline]
    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.bytes;
        self.events.push_back(waiting);
    }

    pub(crate) fn pop_oldest(&mut self) -> Option<Waiting> {
        let oldest = self.events.pop_front()?;
        self.bytes -= oldest.bytes;
        Some(oldest)
    }

    /// Bytes of all events here.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn take_into(&mut self, spare: &mut VecDeque<Waiting>) {
        self.bytes = 0;
        std::mem::swap(&mut self.events, spare);
    }
}

impl Lane {
    /// What the lane's thread counts. Not for the lane that several threads share.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The lane's content, if nobody else has it at this moment.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, Content>> {
        self.content.try_lock()
    }

    /// The lane's content, waiting for it: for producers that chose to wait.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock()
    }

    /// Marks that its thread has ended and nothing more will come.
    pub(crate) fn close(&self) {
        // Pairs with the Acquire in `is_closed`: whoever sees the mark sees every event pushed before it.
        self.closed.store(true, Release);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Acquire)
    }

    /// Takes all events out, leaving the empty `spare` to be filled next; says whether the lane may be let
    /// go, because its thread had ended before that.
    pub(crate) fn drain_into(&self, spare: &mut VecDeque<Waiting>) -> bool {
        let closed = self.is_closed();
        self.content.lock().take_into(spare);
        closed
    }

    /// Gives back room for more than so many events, unless somebody is at it.
    pub(crate) fn give_back(&self, kept: usize) {
        if let Some(mut content) = self.content.try_lock()
            && content.events.capacity() > kept
        {
            content.events.shrink_to(kept);
        }
    }

    /// As [`drain_into`](Self::drain_into), and refuses everything from now on.
    pub(crate) fn finish_into(&self, spare: &mut VecDeque<Waiting>) {
        let mut content = self.content.lock();
        content.finished = true;
        content.take_into(spare);
    }
}
