//! The cells that the calling thread has leased.

use super::{Cells, Words};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// An id that no other cells of the process have. The first one is zero, and they follow each other, so that the
/// first this many of a process never meet in one place of a thread's table.
pub(super) fn next_id() -> u64 {
    // The standard library's in models too: an id stands for nothing that threads do.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Relaxed)
}

/// Loom's threads are one thread of the system, which cannot lease for each of them.
#[cfg(sidecar_loom)]
pub(super) fn with<T>(_: &Arc<Cells>, _: impl FnOnce(&Words) -> T) -> Option<T> {
    None
}

#[cfg(not(sidecar_loom))]
pub(super) use of_threads::with;

#[cfg(not(sidecar_loom))]
mod of_threads {
    use super::{Arc, Cells, Words};
    use std::cell::RefCell;
    use std::sync::Weak;

    /// Places of a thread's table at first, and at most: it doubles when two cells want one place.
    const PLACES: std::ops::RangeInclusive<usize> = 16..=1_024;

    thread_local! {
        static TABLE: RefCell<Table> = const { RefCell::new(Table { places: Vec::new() }) };
    }

    /// A cell stands at the place that its id names. The number of places is a power of two, or none.
    #[derive(Debug)]
    pub(super) struct Table {
        places: Vec<Option<Lease>>,
    }

    /// Given back when the thread ends, or when its place goes to other cells.
    #[derive(Debug)]
    struct Lease {
        id: u64,
        words: Words,
        cells: Weak<Cells>,
    }

    impl Drop for Lease {
        fn drop(&mut self) {
            if let Some(cells) = self.cells.upgrade() {
                cells.give_back(self.words.clone());
            }
        }
    }

    /// `None` while the thread ends, while its place belongs to other living cells, and before it has come often
    /// enough.
    #[inline]
    pub(in super::super) fn with<T>(cells: &Arc<Cells>, then: impl FnOnce(&Words) -> T) -> Option<T> {
        let mut then = Some(then);
        let found = TABLE.try_with(|table| {
            let table = table.try_borrow().ok()?;
            let lease = table.places.get(place(cells.id, table.places.len()))?.as_ref()?;
            if lease.id == cells.id { then.take().map(|then| then(&lease.words)) } else { None }
        });
        match found {
            Ok(Some(done)) => Some(done),
            _ => with_a_new_lease(cells, then?),
        }
    }

    /// Beyond the end of a table without places.
    #[inline]
    fn place(id: u64, places: usize) -> usize {
        id as usize & places.wrapping_sub(1)
    }

    #[cold]
    fn with_a_new_lease<T>(cells: &Arc<Cells>, then: impl FnOnce(&Words) -> T) -> Option<T> {
        if !cells.is_wanted() {
            return None;
        }
        let leased = TABLE.try_with(|table| Some(then(table.try_borrow_mut().ok()?.lease(cells)?)));
        leased.ok().flatten()
    }

    impl Table {
        fn lease(&mut self, cells: &Arc<Cells>) -> Option<&Words> {
            while self.is_taken(cells.id) {
                if self.places.len() >= *PLACES.end() {
                    return None;
                }
                self.grow();
            }
            let words = cells.lease()?;
            let at = place(cells.id, self.places.len());
            let lease = Lease { id: cells.id, words, cells: Arc::downgrade(cells) };
            Some(&self.places[at].insert(lease).words)
        }

        /// Whether other living cells have the place, or there is none.
        fn is_taken(&self, id: u64) -> bool {
            let place = self.places.get(place(id, self.places.len()));
            place.is_none_or(|lease| lease.as_ref().is_some_and(|lease| lease.cells.strong_count() > 0))
        }

        fn grow(&mut self) {
            let places = (self.places.len() * 2).max(*PLACES.start());
            let before = std::mem::take(&mut self.places);
            self.places.resize_with(places, || None);
            // Two that stood at different places before do so now.
            for lease in before.into_iter().flatten() {
                let at = place(lease.id, places);
                self.places[at] = Some(lease);
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::thread;

        fn count(cells: &Arc<Cells>) {
            if cells.alone(|words| words.add_alone(0, 1)).is_none() {
                cells.shared().at(0).fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }

        fn in_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
            thread::scope(|scope| scope.spawn(work).join().expect("no panic"))
        }

        fn leased(cells: &Cells) -> usize {
            cells.locked().all.len()
        }

        #[test]
        fn counts_outlive_the_threads_that_made_them_and_cells_are_used_again() {
            let cells = Cells::new(1, 64, 1);
            for _ in 0..1_000 {
                in_a_thread(|| (0..3).for_each(|_| count(&cells)));
            }
            assert_eq!((cells.sum(0), leased(&cells)), (3_000, 1));
        }

        #[test]
        fn what_is_counted_a_few_times_has_no_cell() {
            let cells = Cells::new(1, 64, 8);
            in_a_thread(|| {
                (0..7).for_each(|_| count(&cells));
                assert_eq!(leased(&cells), 0);
                (0..7).for_each(|_| count(&cells));
                assert_eq!(
                    (leased(&cells), cells.shared().at(0).load(std::sync::atomic::Ordering::Relaxed)),
                    (1, 7)
                );
            });
            assert_eq!(cells.sum(0), 14);
        }

        #[test]
        fn cells_that_want_one_place_have_one_each_in_a_larger_table() {
            let cells: Vec<_> = (0..200).map(|_| Cells::new(1, 64, 1)).collect();
            let places = in_a_thread(|| {
                (0..3).for_each(|_| cells.iter().for_each(count));
                TABLE.with_borrow(|table| table.places.len())
            });
            assert!((256..=*PLACES.end()).contains(&places), "{places}");
            for cells in &cells {
                assert_eq!((cells.sum(0), leased(cells), cells.locked().free.len()), (3, 1, 1));
            }
        }

        #[test]
        fn where_the_table_is_full_the_shared_cell_is_written() {
            let cells: Vec<_> = (0..PLACES.end() + 64).map(|_| Cells::new(1, 1, 1)).collect();
            let places = in_a_thread(|| {
                (0..3).for_each(|_| cells.iter().for_each(count));
                TABLE.with_borrow(|table| table.places.len())
            });
            assert_eq!(places, *PLACES.end());
            assert!(cells.iter().all(|cells| cells.sum(0) == 3));
            assert!(cells.iter().any(|cells| leased(cells) == 0));
        }

        #[test]
        fn the_place_of_cells_that_are_gone_is_used_again() {
            let places = in_a_thread(|| {
                for _ in 0..1_000 {
                    count(&Cells::new(1, 1, 1));
                }
                TABLE.with_borrow(|table| table.places.len())
            });
            assert_eq!(places, *PLACES.start());
        }

        #[test]
        fn a_thread_that_is_ending_is_counted_too() {
            struct CountsLast(Arc<Cells>);
            impl Drop for CountsLast {
                fn drop(&mut self) {
                    count(&self.0);
                }
            }
            thread_local! {
                static LAST: RefCell<Option<CountsLast>> = const { RefCell::new(None) };
            }
            let cells = Cells::new(1, 64, 1);
            in_a_thread(|| {
                // The values of a thread are destroyed in the reverse order of their first use.
                LAST.set(Some(CountsLast(Arc::clone(&cells))));
                count(&cells);
            });
            assert_eq!(cells.sum(0), 2);
        }
    }
}
