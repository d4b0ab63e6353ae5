//! Whether an entry of a registry stays: settled without a lock between the one who throws entries out and those
//! who take handles to them.

use sidecar_core::sync::{AtomicUsize, Ordering, fence};

/// As from the start.
const STAYS: usize = 0;
/// Somebody looks whether it may go. Whoever takes a handle meanwhile turns that back.
const ASKED: usize = 1;
/// Thrown out, for good.
const OVER: usize = 2;

/// One that throws out, at a time; any number that take a handle, and then ask whether it still holds.
///
/// Taking and throwing out are the two sides of Dekker's handshake. Each side writes, passes a `SeqCst` fence, and
/// reads what the other one writes:
///
/// - a taker raises the count of handles, passes its fence and reads the tenure;
/// - the thrower writes `ASKED`, passes its fence and reads the count.
///
/// One of the two fences comes first in the single order of all such fences, and what was written before it is
/// seen by the reads after the other. So the thrower sees the handle, and leaves the entry alone; or the taker sees
/// that it was asked for, or something later. In that case both turn one and the same value: the taker `ASKED` to
/// `STAYS`, the thrower `ASKED` to `OVER`, and one of them succeeds. So nobody keeps a handle to what was thrown
/// out, and nobody waits for the other.
///
/// A taker that sees `STAYS` may see that of an earlier look, which has ended: whoever looks again writes `ASKED`
/// after what the taker saw and passes another fence, to which the same applies.
///
/// The value itself carries no data, so all that touches it is `Relaxed`.
pub(crate) struct Tenure(AtomicUsize);

impl Tenure {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(STAYS))
    }

    /// After taking a handle: whether that came in time. Otherwise it is to be given back.
    pub(crate) fn holds(&self) -> bool {
        fence(Ordering::SeqCst);
        match self.0.load(Ordering::Relaxed) {
            STAYS => true,
            // Another taker may have been faster.
            ASKED => matches!(self.turn(STAYS), Ok(_) | Err(STAYS)),
            _ => false,
        }
    }

    /// Whether the entry was thrown out.
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == OVER
    }

    /// Throws out if `may_go` says so and nobody takes a handle meanwhile; says whether it did. Only for one thread
    /// at a time, and not once it is over.
    pub(crate) fn end(&self, may_go: impl Fn() -> bool) -> bool {
        // The first look spares those who use it the second one.
        if !may_go() {
            return false;
        }
        self.0.store(ASKED, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if may_go() {
            return self.turn(OVER).is_ok();
        }
        // At most a taker has written meanwhile, and the same.
        self.0.store(STAYS, Ordering::Relaxed);
        false
    }

    /// From `ASKED` to `to`; otherwise says what it was.
    fn turn(&self, to: usize) -> Result<usize, usize> {
        self.0.compare_exchange(ASKED, to, Ordering::Relaxed, Ordering::Relaxed)
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_may_go_is_over_for_good_and_what_may_not_stays() {
        let tenure = Tenure::new();
        assert!(!tenure.end(|| false) && tenure.holds() && !tenure.is_over());
        assert!(tenure.end(|| true) && !tenure.holds() && tenure.is_over());
    }

    #[test]
    fn a_taker_who_comes_while_it_is_asked_for_keeps_it() {
        let (tenure, looks) = (Tenure::new(), Cell::new(0));
        let ended = tenure.end(|| {
            looks.set(looks.get() + 1);
            looks.get() == 1 || tenure.holds()
        });
        assert!(!ended && tenure.holds());
        assert!(tenure.end(|| true), "it can be asked for again");
    }

    #[test]
    fn what_is_found_to_be_in_use_while_it_is_asked_for_stays() {
        let (tenure, looks) = (Tenure::new(), Cell::new(0));
        let ended = tenure.end(|| {
            looks.set(looks.get() + 1);
            looks.get() == 1
        });
        assert!(!ended && tenure.holds());
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// An entry: its tenure, and how many handles there are besides its own.
    struct Entry {
        tenure: Tenure,
        handles: AtomicUsize,
    }

    impl Entry {
        /// As the registry's readers do; says whether the handle was kept.
        fn take(&self) -> bool {
            self.handles.fetch_add(1, Ordering::Relaxed);
            let holds = self.tenure.holds();
            if !holds {
                self.handles.fetch_sub(1, Ordering::Release);
            }
            holds
        }

        fn throw_out(&self) -> bool {
            self.tenure.end(|| self.handles.load(Ordering::Relaxed) == 0)
        }
    }

    /// Runs `takers` beside this thread, which tries to throw out `tries` times; `check` gets how many handles were
    /// kept, and whether it was thrown out.
    fn meet(takers: usize, tries: usize, check: fn(usize, bool)) {
        loom::model(move || {
            let entry = Arc::new(Entry { tenure: Tenure::new(), handles: AtomicUsize::new(0) });
            let takers: Vec<_> = (0..takers)
                .map(|_| {
                    let entry = Arc::clone(&entry);
                    thread::spawn(move || entry.take())
                })
                .collect();
            let thrown = (0..tries).any(|_| entry.throw_out());
            let kept = takers.into_iter().map(|taker| usize::from(taker.join().expect("no panic"))).sum();
            assert_eq!(entry.tenure.is_over(), thrown);
            check(kept, thrown);
        });
    }

    #[test]
    fn one_that_keeps_a_handle_and_one_that_throws_out_never_both_succeed() {
        meet(1, 1, |kept, thrown| assert!((kept == 1) != thrown, "{kept} kept, thrown out: {thrown}"));
    }

    #[test]
    fn of_two_that_take_both_keep_their_handles_or_neither() {
        meet(2, 1, |kept, thrown| assert_eq!(kept, if thrown { 0 } else { 2 }));
    }

    #[test]
    fn being_asked_for_twice_changes_nothing() {
        meet(1, 2, |kept, thrown| assert!((kept == 1) != thrown, "{kept} kept, thrown out: {thrown}"));
    }
}
