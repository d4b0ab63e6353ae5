//! The threads that call listeners: a few for the whole process, because a listener may block.

use super::outbox::Outbox;
use sidecar_core::threads;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Most threads. Where a listener blocks in each, the transitions of all breakers wait.
pub(crate) const MAX_THREADS: usize = 8;

/// Beyond so many breakers that wait for a thread, those are given up whose last handle is gone: nobody else
/// bounds how many there are of them.
pub(crate) const MAX_READY: usize = 1_024;

/// That of the process.
pub(crate) static DELIVERY: Delivery =
    Delivery::new(|delivery| threads::spawn("notify", || delivery.run()).map(drop));

/// A queue of outboxes in which something waits, and the threads that serve them. Once started, a thread stands
/// ready until the process ends.
#[derive(Debug)]
pub(crate) struct Delivery {
    queue: Mutex<Queue>,
    work: Condvar,
    start: fn(&'static Delivery) -> io::Result<()>,
}

#[derive(Debug)]
struct Queue {
    ready: VecDeque<Arc<Outbox>>,
    threads: usize,
    /// Of the threads, those that serve nothing: they wait, or are about to start.
    free: usize,
}

impl Delivery {
    pub(crate) const fn new(start: fn(&'static Delivery) -> io::Result<()>) -> Self {
        let queue = Queue { ready: VecDeque::new(), threads: 0, free: 0 };
        Self { queue: Mutex::new(queue), work: Condvar::new(), start }
    }

    /// Starts the first thread, unless it is there.
    pub(crate) fn prepare(&'static self) {
        let queue = self.lock();
        if queue.threads == 0 {
            self.add_thread(queue);
        }
    }

    /// Has a thread serve `outbox`: a free one; otherwise a new one; beyond the most, the first that is free again.
    pub(crate) fn schedule(&'static self, outbox: Arc<Outbox>) {
        let mut queue = self.lock();
        queue.ready.push_back(outbox);
        // Each that is ready takes one of the free threads, also of those that have been woken and do not run yet.
        if queue.ready.len() <= queue.free {
            drop(queue);
            self.work.notify_one();
        } else {
            self.add_thread(queue);
        }
    }

    /// Gives `outbox` up if it waits among too many.
    pub(crate) fn withdraw(&self, outbox: &Arc<Outbox>) {
        let mut queue = self.lock();
        if queue.ready.len() > MAX_READY {
            // Drops no listener under the lock: the caller has a reference of its own.
            queue.ready.retain(|other| !Arc::ptr_eq(other, outbox));
        }
    }

    /// A thread that cannot be started is tried again when the next outbox is scheduled; what is ready waits for
    /// that, or for a thread that becomes free.
    fn add_thread(&'static self, mut queue: MutexGuard<'_, Queue>) {
        if queue.threads == MAX_THREADS {
            return;
        }
        queue.threads += 1;
        queue.free += 1;
        drop(queue);
        if (self.start)(self).is_err() {
            let mut queue = self.lock();
            queue.threads -= 1;
            queue.free -= 1;
        }
    }

    fn run(&self) {
        let mut queue = self.lock();
        loop {
            let Some(outbox) = queue.ready.pop_front() else {
                queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            queue.free -= 1;
            drop(queue);
            // One that is not served again is dropped here, outside the lock: with it may go listeners.
            let again = if outbox.serve() {
                Some(outbox)
            } else {
                drop(outbox);
                None
            };
            queue = self.lock();
            queue.free += 1;
            queue.ready.extend(again);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use crate::{Cause, State, Transition};
    use sidecar_harness::{Gate, eventually};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::SystemTime;

    /// A delivery of a test's own, whose threads live as long as the process.
    fn delivery(start: fn(&'static Delivery) -> io::Result<()>) -> &'static Delivery {
        Box::leak(Box::new(Delivery::new(start)))
    }

    fn start(delivery: &'static Delivery) -> io::Result<()> {
        threads::spawn("test", || delivery.run()).map(drop)
    }

    fn threads(delivery: &Delivery) -> (usize, usize) {
        let queue = delivery.lock();
        (queue.threads, queue.free)
    }

    fn happen(outbox: &Arc<Outbox>, sequence: u64) {
        let (from, to, cause) = (State::Closed, State::Open, Cause::ByHand);
        outbox.push(&Transition { sequence, from, to, cause, at: SystemTime::UNIX_EPOCH, reason: None });
        outbox.announce();
    }

    /// An outbox with a listener that stays in its first call.
    fn gated(delivery: &'static Delivery) -> (Arc<Outbox>, Gate) {
        let (outbox, gate) = (Outbox::of(delivery), Gate::default());
        let inside = gate.clone();
        outbox.add(Box::new(move |_| inside.enter()));
        (outbox, gate)
    }

    /// An outbox and how often its listener was called.
    fn counted(delivery: &'static Delivery) -> (Arc<Outbox>, Arc<AtomicUsize>) {
        let (outbox, calls) = (Outbox::of(delivery), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&calls);
        outbox.add(Box::new(move |_| _ = counter.fetch_add(1, Ordering::Relaxed)));
        (outbox, calls)
    }

    #[test]
    fn the_first_thread_comes_with_the_first_listener_and_stays_the_only_one_while_it_is_free() {
        let delivery = delivery(start);
        let (outbox, calls) = counted(delivery);
        assert_eq!(threads(delivery), (1, 1));
        for number in 1..=100 {
            happen(&outbox, number as u64);
            eventually("it is told", || calls.load(Ordering::Relaxed) == number);
            eventually("the thread is free", || threads(delivery) == (1, 1));
        }
    }

    #[test]
    fn each_that_blocks_has_one_more_started_up_to_eight_and_then_the_others_wait() {
        let delivery = delivery(start);
        let gates: Vec<_> = (0..MAX_THREADS)
            .map(|held| {
                let (outbox, gate) = gated(delivery);
                happen(&outbox, 1);
                gate.wait_until_held();
                assert_eq!(threads(delivery), (held + 1, 0));
                gate
            })
            .collect();
        let waiting: Vec<_> = (0..20).map(|_| counted(delivery)).collect();
        for (outbox, _) in &waiting {
            (1..=3).for_each(|number| happen(outbox, number));
        }
        assert_eq!((threads(delivery), delivery.lock().ready.len()), ((MAX_THREADS, 0), 20));
        assert!(waiting.iter().all(|(_, calls)| calls.load(Ordering::Relaxed) == 0));
        gates[3].open();
        eventually("one thread tells all", || {
            waiting.iter().all(|(_, calls)| calls.load(Ordering::Relaxed) == 3)
        });
        gates.iter().for_each(Gate::open);
        eventually("all are free", || threads(delivery) == (MAX_THREADS, MAX_THREADS));
    }

    #[test]
    fn a_thread_that_cannot_be_started_is_tried_again_and_nothing_is_lost() {
        static IS_FULL: AtomicBool = AtomicBool::new(true);
        let delivery = delivery(|delivery| match IS_FULL.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::OutOfMemory.into()),
            false => start(delivery),
        });
        let (outbox, calls) = counted(delivery);
        (1..=3).for_each(|number| happen(&outbox, number));
        assert_eq!((threads(delivery), delivery.lock().ready.len()), ((0, 0), 1));
        IS_FULL.store(false, Ordering::Relaxed);
        let (other, other_calls) = counted(delivery);
        happen(&other, 1);
        eventually("both are told", || {
            (calls.load(Ordering::Relaxed), other_calls.load(Ordering::Relaxed)) == (3, 1)
        });
    }

    #[test]
    fn of_two_that_come_at_once_the_second_does_not_wait_for_the_first() {
        let delivery = delivery(start);
        for _ in 0..100 {
            let [(one, first), (two, second)] = [gated(delivery), gated(delivery)];
            happen(&one, 1);
            // The free thread may have been woken for the one and not run yet.
            happen(&two, 1);
            let serving = |(threads, free): (usize, usize)| threads - free;
            eventually("both are being told", || serving(threads(delivery)) == 2);
            [first, second].iter().for_each(Gate::open);
            eventually("all are free", || serving(threads(delivery)) == 0);
        }
    }

    #[test]
    fn of_breakers_that_are_gone_no_more_than_the_bound_wait() {
        let delivery = delivery(|_| Err(io::ErrorKind::OutOfMemory.into()));
        for number in 0..MAX_READY + 100 {
            let outbox = Outbox::of(delivery);
            let id = outbox.add(Box::new(|_| ()));
            happen(&outbox, 1);
            if number % 2 == 0 {
                outbox.remove(id);
            }
            outbox.retire();
        }
        assert_eq!(delivery.lock().ready.len(), MAX_READY);
    }
}
