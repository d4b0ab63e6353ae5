//! Where counters count: words of cells that each thread writes alone.

use parking_lot::Mutex;
use sidecar_core::cells::Cells;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Counters whose words stand side by side in one cell: 512 bytes for a thread that counts any of them.
const COUNTERS_PER_PAGE: u32 = 64;

/// Threads that may have a cell of a page at a time. More share one.
const CELLS: usize = 64;

/// Calls on a page without a cell, by all threads, for each lease.
const PATIENCE: u64 = 8;

/// The words of all counters of a registry.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    /// The newest page, and how many of its words are taken.
    page: Option<(Arc<Cells>, u32)>,
    /// Words that were given back. All are zero.
    again: Vec<(Arc<Cells>, u32)>,
}

/// The word of one counter, in every cell of its page. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    page: Arc<Cells>,
    word: u32,
    home: Arc<Slots>,
}

impl Slots {
    pub(crate) fn take(self: &Arc<Self>) -> Slot {
        let mut free = self.free.lock();
        let (page, word) = free.again.pop().unwrap_or_else(|| free.next());
        Slot { page, word, home: Arc::clone(self) }
    }
}

impl Free {
    fn next(&mut self) -> (Arc<Cells>, u32) {
        match &mut self.page {
            Some((page, taken)) if *taken < COUNTERS_PER_PAGE => {
                *taken += 1;
                (Arc::clone(page), *taken - 1)
            }
            _ => {
                let page = Cells::new(COUNTERS_PER_PAGE as usize, CELLS, PATIENCE);
                self.page = Some((Arc::clone(&page), 1));
                (page, 0)
            }
        }
    }
}

impl Slot {
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        let word = self.word as usize;
        if self.page.alone(|cell| cell.add_alone(word, n)).is_none() {
            // Relaxed: a count guards no other memory, and a scrape reads each one alone.
            self.page.shared().at(word).fetch_add(n, Relaxed);
        }
    }

    /// Has the sum be at least `value`. Those who do the same at once do not add up.
    #[cfg(feature = "facade")]
    pub(crate) fn raise(&self, value: u64) {
        let shared = self.page.shared().at(self.word as usize);
        loop {
            // Before the sum, so that whoever raises it in between has this tried again.
            let before = shared.load(Relaxed);
            let Some(missing) = value.checked_sub(self.value()).filter(|missing| *missing > 0) else {
                return;
            };
            if shared.compare_exchange(before, before.wrapping_add(missing), Relaxed, Relaxed).is_ok() {
                return;
            }
        }
    }

    pub(crate) fn value(&self) -> u64 {
        self.page.sum(self.word as usize)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Nobody writes the word any more: who did so had this slot, or the lock under which it was found.
        let word = self.word as usize;
        self.page.shared().at(word).store(0, Relaxed);
        self.page.for_each(|cell| cell.at(word).store(0, Relaxed));
        self.home.free.lock().again.push((Arc::clone(&self.page), self.word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_used_again_and_start_at_zero() {
        let slots = Arc::new(Slots::default());
        let mut taken: Vec<Slot> = (0..130).map(|_| slots.take()).collect();
        for (at, slot) in taken.iter().enumerate() {
            (0..20).for_each(|_| slot.add(at as u64));
        }
        assert!(taken.iter().enumerate().all(|(at, slot)| slot.value() == 20 * at as u64));
        let gone = taken.remove(100);
        let (page, word) = (Arc::clone(&gone.page), gone.word);
        assert_eq!(gone.value(), 2_000);
        drop(gone);
        let again = slots.take();
        assert!(Arc::ptr_eq(&again.page, &page) && (again.word, again.value()) == (word, 0));
        (0..20).for_each(|_| again.add(1));
        assert_eq!((again.value(), taken[99].value(), taken[100].value()), (20, 1_980, 2_020));
    }
}
