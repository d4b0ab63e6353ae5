//! Events that are handled one after the other, from where they lie.

use crate::credits::Credits;
use crate::event::Calendar;
use crate::lane::Waiting;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Release};

/// Most events of a batch. Locks and credits are dealt with once in a batch: for each event they would cost as much as
/// a handler's call.
const MOST_EVENTS: usize = 32;
/// Bytes from which on a batch takes no further event: a handler that hangs keeps all of its batch.
const MOST_BYTES: usize = 64 << 10;
/// A batch is no more than one of so many parts of the queue: its places are free again only when all of it is handled.
const PARTS_OF_QUEUE: usize = 64;

/// How much a batch takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Most {
    events: usize,
    /// With so many it is full.
    bytes: usize,
}

impl Most {
    pub(crate) fn of(queue: &Credits) -> Self {
        Self {
            events: (queue.max_items() / PARTS_OF_QUEUE).clamp(1, MOST_EVENTS),
            bytes: (queue.max_bytes() / PARTS_OF_QUEUE).clamp(1, MOST_BYTES),
        }
    }
}

/// Events where several threads can read them, because a handler that hangs keeps what it was called with.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    events: Vec<Waiting>,
    /// All that the events occupy.
    bytes: usize,
    /// How many of them have been noted. Written by the worker alone.
    noted: AtomicUsize,
}

impl Batch {
    /// The event that is being handled, or comes next.
    pub(crate) fn present(&self) -> Option<&Waiting> {
        // Pairs with the Release below: a replacement goes on where the worker before it was.
        self.events.get(self.noted.load(Acquire))
    }

    /// The present event is noted; the next one is the present one.
    pub(crate) fn advance(&self) {
        self.noted.store(self.noted.load(Acquire) + 1, Release);
    }

    /// Its events, and the bytes of all.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.events.len(), self.bytes)
    }
}

/// An empty batch, used again and again: to allocate each would cost as much as a handler's call.
#[derive(Debug, Default)]
pub(crate) struct Spare(Option<Arc<Batch>>);

impl Spare {
    /// Moves the next events in and dates them. None: there are none.
    pub(crate) fn fill(
        &mut self,
        rest: &mut VecDeque<Waiting>,
        calendar: Calendar,
        most: Most,
    ) -> Option<Arc<Batch>> {
        if rest.is_empty() {
            return None;
        }
        let mut filled = self.0.take().unwrap_or_default();
        let batch = Arc::get_mut(&mut filled).expect("a spare has no other holder");
        while batch.events.len() < most.events && batch.bytes < most.bytes {
            let Some(mut waiting) = rest.pop_front() else { break };
            waiting.event.date(calendar);
            batch.bytes += waiting.bytes;
            batch.events.push(waiting);
        }
        Some(filled)
    }

    /// Takes back a batch that has been handled, and drops its events. A thread that was left behind may still read
    /// them: then it drops them when it comes back.
    pub(crate) fn take_back(&mut self, mut batch: Arc<Batch>) {
        if let Some(emptied) = Arc::get_mut(&mut batch) {
            emptied.events.clear();
            emptied.bytes = 0;
            *emptied.noted.get_mut() = 0;
            self.0 = Some(batch);
        }
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::event::Event;
    use sidecar_core::TypeId;
    use std::time::SystemTime;

    const NOW: Calendar = Calendar { nanos: 0, wall: SystemTime::UNIX_EPOCH };

    fn waiting(bytes: usize) -> Waiting {
        Waiting { event: Event::new("e"), id: TypeId::OVERFLOW, bytes, since: 0 }
    }

    fn sizes(rest: &[usize], events: usize) -> Vec<(usize, usize)> {
        let most = Most { events, bytes: MOST_BYTES };
        let mut rest: VecDeque<_> = rest.iter().map(|bytes| waiting(*bytes)).collect();
        let mut spare = Spare::default();
        std::iter::from_fn(|| {
            let batch = spare.fill(&mut rest, NOW, most)?;
            let size = batch.size();
            spare.take_back(batch);
            Some(size)
        })
        .collect()
    }

    #[test]
    fn a_batch_ends_with_its_events_or_with_its_bytes() {
        assert_eq!(sizes(&[], 3), []);
        assert_eq!(sizes(&[1, 2, 3, 4], 3), [(3, 6), (1, 4)]);
        assert_eq!(
            sizes(&[1, MOST_BYTES, 1, MOST_BYTES + 1, 1], 3),
            [(2, MOST_BYTES + 1), (2, MOST_BYTES + 2), (1, 1)]
        );
    }

    #[test]
    fn a_small_queue_is_handled_one_by_one_and_a_large_one_in_batches() {
        let most = |items, bytes| {
            let Most { events, bytes } = Most::of(&Credits::new(items, bytes));
            (events, bytes)
        };
        let events = [1, 64, 127, 128, 640, 10_000, 10_000_000].map(|items| most(items, 1 << 30).0);
        assert_eq!(events, [1, 1, 1, 2, 10, 32, 32]);
        let bytes = [1, 4_096, 64 << 10, 4 << 20, 40 << 20].map(|bytes| most(10_000, bytes).1);
        assert_eq!(bytes, [1, 64, 1_024, 64 << 10, 64 << 10]);
    }

    #[test]
    fn what_somebody_else_still_reads_is_left_to_them() {
        let mut spare = Spare::default();
        let most = Most { events: 9, bytes: MOST_BYTES };
        let batch = spare.fill(&mut VecDeque::from([waiting(1), waiting(2)]), NOW, most).expect("two events");
        let left_behind = Arc::clone(&batch);
        batch.advance();
        spare.take_back(batch);
        assert_eq!(left_behind.present().map(|waiting| waiting.bytes), Some(2));
        left_behind.advance();
        assert!(left_behind.present().is_none());
        let next = spare.fill(&mut VecDeque::from([waiting(3)]), NOW, most).expect("one event");
        assert_eq!((next.size(), next.present().map(|waiting| waiting.bytes)), ((1, 3), Some(3)));
    }
}
