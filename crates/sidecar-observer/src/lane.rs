//! A lane: the events of one thread on their way to the worker.

use crate::event::Event;
use crate::metering::EVERY;
use crate::sync::{Mutex, MutexGuard};
use crate::tally::Tally;
use sidecar_core::TypeId;
use sidecar_core::sync::{AtomicUsize, Ordering::Acquire, Ordering::Release};
use std::collections::VecDeque;

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
    /// Not zero once its thread has ended.
    closed: AtomicUsize,
}

#[derive(Debug, Default)]
pub(crate) struct Content {
    events: VecDeque<Waiting>,
    bytes: usize,
    /// Until the next event whose cost is measured.
    unmeasured: u32,
    /// The worker is gone: whatever came now would wait for ever.
    pub(crate) finished: bool,
}

impl Content {
    /// Takes an event of so many bytes from where it is.
    #[inline]
    pub(crate) fn push(&mut self, bytes: usize, event: &mut Option<Waiting>) {
        self.bytes += bytes;
        // Extended by what it may be, not pushed to: the event is moved right to its place.
        self.events.extend(event.take());
    }

    /// Whether the cost of the event that was just pushed is to be measured: every
    /// [`EVERY`](crate::metering::EVERY)th is.
    #[inline]
    pub(crate) fn is_measured(&mut self) -> bool {
        let is_measured = self.unmeasured == 0;
        self.unmeasured = if is_measured { EVERY - 1 } else { self.unmeasured - 1 };
        is_measured
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
        self.closed.store(1, Release);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Acquire) != 0
    }

    /// Takes all events out, leaving the empty `spare` to be filled next; says whether the lane may be let
    /// go, because its thread had ended before that.
    pub(crate) fn drain_into(&self, spare: &mut VecDeque<Waiting>) -> bool {
        let closed = self.is_closed();
        self.content.lock().take_into(spare);
        closed
    }

    /// As [`drain_into`](Self::drain_into), and refuses everything from now on.
    pub(crate) fn finish_into(&self, spare: &mut VecDeque<Waiting>) {
        let mut content = self.content.lock();
        content.finished = true;
        content.take_into(spare);
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use crate::credits::Credits;
    use loom::sync::Arc;
    use loom::thread;

    fn waiting() -> Waiting {
        Waiting { event: Event::new("e"), id: TypeId::OVERFLOW, bytes: 1, since: 0 }
    }

    /// Offers an event as a producer does: if nobody else has the lane and there is room.
    fn push(lane: &Lane, credits: &Credits) -> bool {
        lane.try_lock().is_some_and(|mut content| {
            let has_room = !content.finished && credits.take(1).is_ok();
            if has_room {
                content.push(1, &mut Some(waiting()));
            }
            has_room
        })
    }

    /// Settles what has been drained, and says how much that was.
    fn settle(drained: &mut VecDeque<Waiting>, credits: &Credits) -> usize {
        drained.drain(..).map(|event| credits.give_back(1, event.bytes)).count()
    }

    #[test]
    fn two_producers_hand_over_each_event_once() {
        loom::model(|| {
            let (lane, credits) = (Arc::new(Lane::default()), Arc::new(Credits::new(2, 10)));
            let producers = [(); 2].map(|()| {
                let (lane, credits) = (Arc::clone(&lane), Arc::clone(&credits));
                thread::spawn(move || usize::from(push(&lane, &credits)))
            });
            let mut drained = VecDeque::new();
            lane.drain_into(&mut drained);
            let early = settle(&mut drained, &credits);
            let accepted: usize = producers.into_iter().map(|one| one.join().expect("no panic")).sum();
            lane.drain_into(&mut drained);
            assert_eq!(early + settle(&mut drained, &credits), accepted);
            assert_eq!((credits.items(), credits.bytes()), (0, 0));
        });
    }

    #[test]
    fn a_lane_that_may_be_let_go_holds_nothing_of_a_thread_that_ended_meanwhile() {
        loom::model(|| {
            let (lane, credits) = (Arc::new(Lane::default()), Arc::new(Credits::new(2, 10)));
            let producer = {
                let (lane, credits) = (Arc::clone(&lane), Arc::clone(&credits));
                thread::spawn(move || {
                    let accepted = usize::from(push(&lane, &credits));
                    lane.close();
                    accepted
                })
            };
            let mut drained = VecDeque::new();
            let may_go = lane.drain_into(&mut drained);
            let handled = settle(&mut drained, &credits);
            let accepted = producer.join().expect("no panic");
            assert!(handled <= accepted);
            assert!(!may_go || handled == accepted, "what is let go would be lost");
            assert!(lane.drain_into(&mut drained), "the next pass lets it go");
            assert_eq!(handled + settle(&mut drained, &credits), accepted);
        });
    }

    #[test]
    fn an_event_that_comes_at_the_end_is_handled_or_refused() {
        loom::model(|| {
            let (lane, credits) = (Arc::new(Lane::default()), Arc::new(Credits::new(2, 10)));
            let producer = {
                let (lane, credits) = (Arc::clone(&lane), Arc::clone(&credits));
                thread::spawn(move || usize::from(push(&lane, &credits)) + usize::from(push(&lane, &credits)))
            };
            let mut drained = VecDeque::new();
            lane.finish_into(&mut drained);
            let handled = settle(&mut drained, &credits);
            assert_eq!(handled, producer.join().expect("no panic"));
            assert_eq!(lane.lock().events.len(), 0);
        });
    }

    #[test]
    fn while_one_producer_is_stopped_in_its_push_the_other_returns() {
        loom::model(|| {
            let (lane, credits) = (Arc::new(Lane::default()), Arc::new(Credits::new(2, 10)));
            let stopped = lane.lock();
            let other = {
                let (lane, credits) = (Arc::clone(&lane), Arc::clone(&credits));
                thread::spawn(move || push(&lane, &credits))
            };
            // Joined while the lock is held: a producer that waited for it would never end.
            assert!(!other.join().expect("no panic"), "it is refused");
            drop(stopped);
            assert!(push(&lane, &credits));
        });
    }
}
