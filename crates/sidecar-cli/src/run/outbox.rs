//! What waits to be posted: in order, and within a bound.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Most bytes that wait at a time; a single body may be larger.
const MAX_BYTES: usize = 1 << 20;

/// Bodies between the handler that makes them and the thread that posts them.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A body has been taken and not yet been settled.
    under_way: bool,
    hurried: bool,
    closed: bool,
}

impl State {
    fn has_room(&self, bytes: usize) -> bool {
        self.waiting.is_empty() || self.bytes + bytes <= MAX_BYTES
    }

    fn is_settled(&self) -> bool {
        self.waiting.is_empty() && !self.under_way
    }
}

impl Outbox {
    /// Adds a body, waiting for room. Once the run is ending it no longer waits: what finds no room is left out.
    pub(crate) fn put(&self, body: Vec<u8>) {
        let mut state = self.lock();
        while !state.has_room(body.len()) && !state.hurried {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.closed && state.has_room(body.len()) {
            state.bytes += body.len();
            state.waiting.push_back(body);
            self.changed.notify_all();
        }
    }

    /// The next body, waiting for one; `None` once the outbox is closed. Taking it says that the one before is
    /// settled.
    pub(crate) fn take(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        state.under_way = false;
        self.changed.notify_all();
        while !state.closed {
            if let Some(body) = state.waiting.pop_front() {
                state.bytes -= body.len();
                state.under_way = true;
                self.changed.notify_all();
                return Some(body);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Waits until everything is settled, at most until `deadline`; says whether it is.
    pub(crate) fn wait(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        while !state.is_settled() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// From now on nobody waits for room.
    pub(crate) fn hurry(&self) {
        self.lock().hurried = true;
        self.changed.notify_all();
    }

    /// Takes nothing more and gives nothing out any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        (state.hurried, state.closed) = (true, true);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(5)
    }

    #[test]
    fn bodies_come_out_in_order_and_are_settled_by_the_next_take() {
        let outbox = Outbox::default();
        assert!(outbox.wait(soon()), "nothing was put in");
        outbox.put(vec![1]);
        outbox.put(vec![2]);
        assert_eq!((outbox.take(), outbox.take()), (Some(vec![1]), Some(vec![2])));
        assert!(!outbox.wait(soon()), "the second is under way");
        outbox.close();
        assert_eq!(outbox.take(), None);
        assert!(outbox.wait(soon()));
    }

    #[test]
    fn a_full_outbox_makes_waiting_puts_until_there_is_room_or_haste() {
        let outbox = Outbox::default();
        let body = || vec![0; MAX_BYTES / 2 + 1];
        thread::scope(|scope| {
            let putting = scope.spawn(|| (0..3).for_each(|_| outbox.put(body())));
            assert!(outbox.take().is_some() && outbox.take().is_some() && outbox.take().is_some());
            putting.join().expect("no panic");
            outbox.put(body());
            let late = scope.spawn(|| outbox.put(body()));
            outbox.hurry();
            late.join().expect("no panic");
        });
        assert_eq!(outbox.lock().waiting.len(), 1, "the last one found no room");
    }

    #[test]
    fn one_body_may_be_larger_than_the_bound() {
        let outbox = Outbox::default();
        outbox.put(vec![0; MAX_BYTES * 2]);
        assert_eq!(outbox.take().map(|body| body.len()), Some(MAX_BYTES * 2));
        assert_eq!(outbox.lock().bytes, 0);
    }
}
