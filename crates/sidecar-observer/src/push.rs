//! How an event gets into a lane.

use crate::credits::Full;
use crate::event::Event;
use crate::lane::{Content, Lane, Waiting};
use crate::observed::{Observed, Reason};
use crate::shared::Shared;
use crate::tally::Tally;
use sidecar_core::TypeId;

/// What a producer has to do once its event is in a lane.
#[derive(Clone, Copy)]
struct Pushed {
    /// To wake the worker: the queue is filling.
    fills: bool,
    /// To say what the event has cost.
    is_measured: bool,
}

impl Shared {
    /// Puts an admitted event into the calling thread's lane, without waiting for anything. One that is dropped is left
    /// where it was.
    #[inline]
    pub(crate) fn push(&self, event: &mut Option<Waiting>) -> Observed {
        let Some(&mut Waiting { id, bytes, since, .. }) = event.as_mut() else {
            // Taken before.
            return Observed::Accepted;
        };
        let pushed = self.lanes.with_own(|own| {
            if let Some(own) = own
                && let Some(mut content) = own.try_lock()
            {
                return self.push_into(&mut content, (id, bytes), event, Some(own.tally()));
            }
            // The own lane is taken while the worker swaps it out. What was pushed before is in the worker's
            // hands then, and the shared lane comes first in its next pass, so order is kept.
            match self.lanes.shared().try_lock() {
                Some(mut content) => self.push_into(&mut content, (id, bytes), event, None),
                None => Err(Reason::Contended),
            }
        });
        if let Ok(pushed) = pushed {
            if pushed.fills {
                // Once for each time that the queue begins to fill: else a burst would be over before the worker looks.
                self.passes.wake();
            }
            if pushed.is_measured {
                self.metering.add(since, self.clock.now());
            }
        }
        self.settle(id, pushed.map(drop))
    }

    #[inline]
    fn push_into(
        &self,
        content: &mut Content,
        (id, bytes): (TypeId, usize),
        event: &mut Option<Waiting>,
        tally: Option<&Tally>,
    ) -> Result<Pushed, Reason> {
        if content.finished {
            return Err(Reason::Stopped);
        }
        if !self.credits.can_hold(bytes) {
            return Err(Reason::Bytes);
        }
        let fills = match self.credits.take(bytes) {
            Ok(fills) => fills,
            Err(_) if !self.drops_newest() && self.make_room(content, bytes) => false,
            Err(Full::Items) => return Err(Reason::QueueFull),
            Err(Full::Bytes) => return Err(Reason::Bytes),
        };
        self.accept(id, tally);
        content.push(bytes, event);
        Ok(Pushed { fills, is_measured: content.is_measured() })
    }

    /// Counts an event that is put into a lane before the lane's lock is released.
    #[inline]
    fn accept(&self, id: TypeId, tally: Option<&Tally>) {
        if !tally.is_some_and(|tally| tally.accepted(id)) {
            self.ledger.row(id).accepted();
        }
    }

    /// Evicts the lane's oldest events until the credit of one serves for `bytes`; none, if all of them would
    /// not suffice.
    fn make_room(&self, content: &mut Content, bytes: usize) -> bool {
        if content.bytes() + self.credits.free_bytes() < bytes {
            return false;
        }
        while let Some(oldest) = content.pop_oldest() {
            self.ledger.row(oldest.id).dropped(Reason::Evicted);
            if self.credits.exchange(oldest.bytes, bytes) {
                return true;
            }
        }
        false
    }

    /// Puts an admitted event into the calling thread's lane, waiting for room and for the lane.
    pub(crate) fn push_waiting(&self, id: TypeId, event: Event) -> Observed {
        let waiting = self.waiting(id, event);
        let bytes = waiting.bytes;
        let pushed = self.wait_for_credit(bytes).and_then(|fills| {
            self.lanes.with_own(|own| {
                let mut content = own.unwrap_or(self.lanes.shared()).lock();
                if content.finished {
                    self.credits.give_back(1, bytes);
                    return Err(Reason::Stopped);
                }
                self.accept(id, own.map(Lane::tally));
                content.push(bytes, &mut Some(waiting));
                Ok(fills)
            })
        });
        if pushed == Ok(true) {
            self.passes.wake();
        }
        self.settle(id, pushed.map(drop))
    }

    /// Says whether the queue begins to fill with it.
    fn wait_for_credit(&self, bytes: usize) -> Result<bool, Reason> {
        if !self.credits.can_hold(bytes) {
            return Err(Reason::Bytes);
        }
        loop {
            if let Ok(fills) = self.credits.take(bytes) {
                return Ok(fills);
            }
            if self.is_stopping() {
                return Err(Reason::Stopped);
            }
            self.passes.wait_for_room();
        }
    }

    #[inline]
    fn settle(&self, id: TypeId, pushed: Result<(), Reason>) -> Observed {
        match pushed {
            Ok(()) => Observed::Accepted,
            Err(reason) => {
                self.ledger.row(id).dropped(reason);
                Observed::Dropped(reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admit::KeepAll;
    use crate::redact::Redacted;
    use crate::settings::ObserverSettings;
    use sidecar_core::{Clock, EventTypes};
    use std::time::{Duration, Instant};

    /// Without a worker.
    fn alone(queue_size: usize) -> Shared {
        let settings = ObserverSettings { queue_size, ..ObserverSettings::default() };
        Shared::new(EventTypes::default(), Box::new(KeepAll), Clock::new(), settings, Redacted::default()).0
    }

    #[test]
    fn a_lane_that_is_taken_leaves_the_shared_one_and_only_then_the_event_is_dropped() {
        let shared = alone(10);
        let push = || shared.push(&mut Some(shared.waiting(TypeId::OVERFLOW, Event::new("e"))));
        assert_eq!(push(), Observed::Accepted);
        shared.lanes.with_own(|own| {
            let _taken = own.expect("it has one").lock();
            assert_eq!(push(), Observed::Accepted);
            let _both = shared.lanes.shared().lock();
            assert_eq!(push(), Observed::Dropped(Reason::Contended));
        });
        assert_eq!(shared.credits.items(), 2);
    }

    /// Does something with a queue of 100 and pauses as the worker does: that ends at once only where it was woken.
    fn is_woken(act: impl FnOnce(&Shared)) -> bool {
        let shared = alone(100);
        shared.passes.set_worker(std::thread::current());
        let offered = Instant::now();
        act(&shared);
        std::thread::park_timeout(Duration::from_secs(60));
        offered.elapsed() < Duration::from_secs(30)
    }

    fn offer(shared: &Shared, events: usize) {
        for _ in 0..events {
            let pushed = shared.push(&mut Some(shared.waiting(TypeId::OVERFLOW, Event::new("e"))));
            assert_eq!(pushed, Observed::Accepted);
        }
    }

    #[test]
    fn a_queue_that_fills_wakes_the_worker() {
        assert!(is_woken(|shared| offer(shared, 25)));
        assert!(is_woken(|shared| {
            offer(shared, 24);
            assert_eq!(shared.push_waiting(TypeId::OVERFLOW, Event::new("e")), Observed::Accepted);
        }));
    }

    #[test]
    fn a_bound_that_is_lowered_wakes_the_worker() {
        assert!(is_woken(|shared| {
            offer(shared, 24);
            let settings = ObserverSettings { queue_size: 10, ..shared.settings() };
            shared.set(settings, Redacted::default());
        }));
    }
}
