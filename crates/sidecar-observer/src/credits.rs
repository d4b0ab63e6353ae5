//! The bound on what waits: one pool of events and bytes for all lanes together.

use sidecar_core::sync::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::sync::atomic::AtomicUsize as Setting;

/// The queue is filling once one of so many parts is taken, in events or in bytes.
const FILLING: usize = 4;
/// It is not before it holds so many events, or all that it can.
const LEAST_FILLING: usize = 16;

/// What the queue may hold, and what it holds. An event keeps its credit until the handlers of its batch have returned.
#[derive(Debug)]
pub(crate) struct Credits {
    items: AtomicUsize,
    bytes: AtomicUsize,
    max_items: Bound,
    max_bytes: Bound,
}

/// A bound that may be changed. Relaxed: it says nothing about anything else, and whoever has read the old one goes by
/// that.
#[derive(Debug)]
struct Bound {
    now: Setting,
    /// The largest it has been: what was taken under it may still be held.
    most: Setting,
}

impl Bound {
    fn new(bound: usize) -> Self {
        Self { now: Setting::new(bound), most: Setting::new(bound) }
    }

    #[inline]
    fn get(&self) -> usize {
        self.now.load(Relaxed)
    }

    fn set(&self, bound: usize) {
        self.most.fetch_max(bound, Relaxed);
        self.now.store(bound, Relaxed);
    }
}

/// Which bound stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Items,
    Bytes,
}

impl Credits {
    pub(crate) fn new(max_items: usize, max_bytes: usize) -> Self {
        let (max_items, max_bytes) = (Bound::new(max_items), Bound::new(max_bytes));
        Self { items: AtomicUsize::new(0), bytes: AtomicUsize::new(0), max_items, max_bytes }
    }

    /// Changes the bounds. What is held beyond a lower one stays held; nothing more is taken until there is room.
    pub(crate) fn set_bounds(&self, max_items: usize, max_bytes: usize) {
        self.max_items.set(max_items);
        self.max_bytes.set(max_bytes);
    }

    /// Takes a credit for one event; says whether it is the one with which the queue [is filling](Self::is_filling).
    /// Two steps, each undone when it fails; others may be refused by a credit that is about to be given back, but the
    /// bounds are never passed.
    pub(crate) fn take(&self, bytes: usize) -> Result<bool, Full> {
        let (max_items, max_bytes) = (self.max_items.get(), self.max_bytes.get());
        let Some(items_before) = take(&self.items, 1, max_items) else {
            return Err(Full::Items);
        };
        let Some(bytes_before) = take(&self.bytes, bytes, max_bytes) else {
            self.items.fetch_sub(1, AcqRel);
            return Err(Full::Bytes);
        };
        let passes = |before: usize, more, mark| before < mark && mark <= before + more;
        Ok(passes(items_before, 1, item_mark(max_items)) || passes(bytes_before, bytes, max_bytes / FILLING))
    }

    /// Whether a quarter of the queue is taken. Of events that take credits while it is, none says so.
    pub(crate) fn is_filling(&self) -> bool {
        self.items.load(Acquire) >= item_mark(self.max_items.get())
            || self.bytes.load(Acquire) >= self.max_bytes.get() / FILLING
    }

    /// Gives back the credits of so many events, which have so many bytes together.
    pub(crate) fn give_back(&self, items: usize, bytes: usize) {
        self.bytes.fetch_sub(bytes, AcqRel);
        self.items.fetch_sub(items, AcqRel);
    }

    /// Turns the credit of an event of `old` bytes into one of `new` bytes. When that does not fit, the old
    /// credit is given back.
    pub(crate) fn exchange(&self, old: usize, new: usize) -> bool {
        if new <= old {
            self.bytes.fetch_sub(old - new, AcqRel);
            return true;
        }
        let fits = take(&self.bytes, new - old, self.max_bytes.get()).is_some();
        if !fits {
            self.give_back(1, old);
        }
        fits
    }

    /// Bytes that are not taken at this moment.
    pub(crate) fn free_bytes(&self) -> usize {
        self.max_bytes.get().saturating_sub(self.bytes())
    }

    /// Whether no further event would be taken at this moment.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        // Relaxed: nothing is read on the strength of it.
        self.items.load(Relaxed) >= self.max_items.get()
    }

    /// Whether an event of this size could ever be held.
    pub(crate) fn can_hold(&self, bytes: usize) -> bool {
        bytes <= self.max_bytes.get()
    }

    /// Events waiting or in the batch in hand.
    pub(crate) fn items(&self) -> usize {
        // A credit that is being refused may stand in the count for a moment.
        self.items.load(Acquire).min(self.max_items.most.load(Relaxed))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Acquire).min(self.max_bytes.most.load(Relaxed))
    }

    pub(crate) fn max_items(&self) -> usize {
        self.max_items.get()
    }

    pub(crate) fn max_bytes(&self) -> usize {
        self.max_bytes.get()
    }
}

fn item_mark(max_items: usize) -> usize {
    (max_items / FILLING).max(LEAST_FILLING).min(max_items)
}

/// Says what was taken before.
///
/// AcqRel pairs with Acquire in `items()` and `bytes()`: whoever sees a credit returned also sees the ledger row written
/// before it was.
fn take(counter: &AtomicUsize, amount: usize, limit: usize) -> Option<usize> {
    let before = counter.fetch_add(amount, AcqRel);
    let fits = before.checked_add(amount).is_some_and(|after| after <= limit);
    if !fits {
        counter.fetch_sub(amount, AcqRel);
    }
    fits.then_some(before)
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_hold_and_a_refusal_leaves_nothing_behind() {
        let credits = Credits::new(2, 100);
        assert_eq!(credits.take(60), Ok(true), "more than a quarter of the bytes");
        assert_eq!(credits.take(60), Err(Full::Bytes));
        assert_eq!((credits.items(), credits.bytes()), (1, 60));
        assert_eq!(credits.take(40), Ok(true), "all of the events");
        assert_eq!(credits.take(0), Err(Full::Items));
        credits.give_back(1, 60);
        assert_eq!((credits.items(), credits.bytes()), (1, 40));
    }

    #[test]
    fn what_is_held_beyond_a_lower_bound_is_counted_and_given_back() {
        let credits = Credits::new(3, 100);
        assert_eq!((credits.take(40), credits.take(40)), (Ok(true), Ok(false)));
        credits.set_bounds(1, 50);
        assert_eq!((credits.items(), credits.bytes(), credits.free_bytes()), (2, 80, 0));
        assert!(credits.is_full() && !credits.can_hold(60));
        credits.give_back(1, 40);
        assert_eq!(credits.take(1), Err(Full::Items));
        credits.give_back(1, 40);
        assert!(credits.take(50).is_ok());
        credits.set_bounds(2, 100);
        assert!(credits.take(50).is_ok());
    }

    #[test]
    fn each_time_that_a_quarter_is_passed_one_event_says_so() {
        let credits = Credits::new(100, 10_000);
        let fills = |bytes| credits.take(bytes).expect("there is room");
        let which = || (1..=40).filter(|_| fills(1)).count();
        assert_eq!((1..=40).find(|_| fills(1)), Some(25), "in events");
        credits.give_back(25, 25);
        assert_eq!(which(), 1, "again once it has been below");
        assert_eq!(which(), 0);
        credits.give_back(80, 80);
        assert_eq!([1_000, 1_000, 1_000, 1_000].map(fills), [false, false, true, false], "in bytes");
        assert!(credits.is_filling());
        credits.give_back(4, 4_000);
        assert!(!credits.is_filling());
        for (size, mark) in [(1, 1), (10, 10), (20, 16), (64, 16), (80, 20)] {
            let small = Credits::new(size, 10_000);
            assert_eq!((1..=size).find(|_| small.take(1) == Ok(true)), Some(mark));
            assert!(small.is_filling());
        }
    }

    #[test]
    fn an_exchange_keeps_the_event_count_and_fails_clean() {
        let credits = Credits::new(2, 100);
        assert_eq!((credits.take(40), credits.take(40)), (Ok(true), Ok(true)));
        assert!(credits.exchange(40, 60));
        assert_eq!((credits.items(), credits.bytes()), (2, 100));
        assert!(credits.exchange(60, 10));
        assert!(!credits.exchange(10, 70));
        assert_eq!((credits.items(), credits.bytes()), (1, 40));
    }

    #[test]
    fn racing_threads_never_hold_more_than_the_bound() {
        let credits = Credits::new(8, 80);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        if credits.take(10).is_ok() {
                            assert!(credits.items() <= 8 && credits.bytes() <= 80);
                            credits.give_back(1, 10);
                        }
                    }
                });
            }
        });
        assert_eq!((credits.items(), credits.bytes()), (0, 0));
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::Ordering::SeqCst;
    use loom::thread;

    /// What the holders hold, counted by themselves.
    struct Held {
        credits: Credits,
        items: AtomicUsize,
        bytes: AtomicUsize,
    }

    impl Held {
        fn counts(&self) -> (usize, usize) {
            (self.items.load(SeqCst), self.bytes.load(SeqCst))
        }

        fn takes(&self, bytes: usize) -> bool {
            let taken = self.credits.take(bytes).is_ok();
            if taken {
                let (items, bytes) =
                    (self.items.fetch_add(1, SeqCst) + 1, self.bytes.fetch_add(bytes, SeqCst) + bytes);
                assert!(items <= 2 && bytes <= 10, "{items} events, {bytes} bytes");
            }
            taken
        }

        fn gives_back(&self, bytes: usize) {
            self.items.fetch_sub(1, SeqCst);
            self.bytes.fetch_sub(bytes, SeqCst);
            self.credits.give_back(1, bytes);
        }
    }

    /// Two threads beside this one, at a bound of 2 events and 10 bytes; nothing is held when all have ended.
    fn among_three(first: fn(&Held), second: fn(&Held), third: fn(&Held)) {
        loom::model(move || {
            let held = Arc::new(Held {
                credits: Credits::new(2, 10),
                items: AtomicUsize::new(0),
                bytes: AtomicUsize::new(0),
            });
            let threads = [first, second].map(|run| {
                let held = Arc::clone(&held);
                thread::spawn(move || run(&held))
            });
            third(&held);
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            assert_eq!(held.counts(), (0, 0));
            assert_eq!((held.credits.items(), held.credits.bytes()), (0, 0));
            assert_eq!(held.credits.free_bytes(), 10);
        });
    }

    #[test]
    fn the_bounds_are_never_passed_and_nothing_is_lost() {
        fn take_and_give_back(held: &Held) {
            if held.takes(4) {
                held.gives_back(4);
            }
        }
        among_three(take_and_give_back, take_and_give_back, take_and_give_back);
    }

    #[test]
    fn an_exchange_passes_no_bound_and_loses_nothing() {
        fn take_and_give_back(held: &Held) {
            if held.takes(5) {
                held.gives_back(5);
            }
        }
        fn take_and_exchange(held: &Held) {
            if held.takes(2) {
                // Counted out first: whatever comes of it, the bytes held are no more than these.
                held.items.fetch_sub(1, SeqCst);
                held.bytes.fetch_sub(2, SeqCst);
                if held.credits.exchange(2, 7) {
                    held.items.fetch_add(1, SeqCst);
                    let bytes = held.bytes.fetch_add(7, SeqCst) + 7;
                    assert!(bytes <= 10, "{bytes} bytes");
                    held.gives_back(7);
                }
            }
        }
        among_three(take_and_give_back, take_and_exchange, |_| ());
    }
}
