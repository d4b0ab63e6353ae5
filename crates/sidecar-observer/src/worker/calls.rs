//! Which call into foreign code the worker is in, and whether it still is the worker when that returns.

use sidecar_core::sync::{AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};

/// One word: how many steps the workers have made, where the present call is, and whether there is one.
///
/// The worker writes it while no call is under way. A call ends by an exchange, made either by the worker when the
/// call has returned, or by a replacement that takes over from it: only one of them gets the next step.
#[derive(Debug)]
pub(crate) struct Calls(AtomicU64);

/// The word while no call is under way. Whoever has the latest is the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Idle(u64);

/// The word while a call is under way. No two calls have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call(u64);

const UNDER_WAY: u64 = 1;
const PLACE_BITS: u32 = 12;
const STEP_SHIFT: u32 = PLACE_BITS + 1;
/// Places that can be told apart.
pub(crate) const PLACES: usize = 1 << PLACE_BITS;

impl Calls {
    /// No call yet, and the right to make them: for the first worker.
    pub(crate) fn new() -> (Self, Idle) {
        (Self(AtomicU64::new(0)), Idle(0))
    }

    /// Notes that a call begins at one of [`PLACES`].
    pub(crate) fn begin(&self, Idle(word): Idle, place: usize) -> Call {
        debug_assert!(place < PLACES, "a place beyond the bits for it");
        let call = Call(((word >> STEP_SHIFT) + 1) << STEP_SHIFT | (place as u64) << 1 | UNDER_WAY);
        // Release, paired with the Acquire in `end` of whoever takes over: it sees what was in hand.
        self.0.store(call.0, Release);
        call
    }

    /// Ends a call: for its own thread, when it has returned, and for the one that takes over from it. `None`: the
    /// other was first.
    pub(crate) fn end(&self, call: Call) -> Option<Idle> {
        let idle = ((call.0 >> STEP_SHIFT) + 1) << STEP_SHIFT;
        // AcqRel: the winner goes on from what the other has left; the loser touches nothing.
        self.0.compare_exchange(call.0, idle, AcqRel, Acquire).ok().map(|_| Idle(idle))
    }

    /// The call that is under way.
    pub(crate) fn under_way(&self) -> Option<Call> {
        let word = self.0.load(Acquire);
        (word & UNDER_WAY != 0).then_some(Call(word))
    }
}

impl Call {
    pub(crate) fn place(self) -> usize {
        (self.0 >> 1) as usize % PLACES
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_ended_once_and_no_two_are_alike() {
        let (calls, idle) = Calls::new();
        assert_eq!(calls.under_way(), None);
        let first = calls.begin(idle, 7);
        assert_eq!((calls.under_way(), first.place()), (Some(first), 7));
        let idle = calls.end(first).expect("nobody took over");
        assert_eq!(calls.end(first), None, "it has ended");
        let second = calls.begin(idle, 7);
        assert_ne!(first, second);
        assert_eq!(calls.end(first), None, "it is another call's turn");
        assert_eq!(calls.begin(calls.end(second).expect("it goes on"), PLACES - 1).place(), PLACES - 1);
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn a_call_that_returns_while_it_is_taken_over_leaves_one_worker() {
        loom::model(|| {
            let (calls, idle) = Calls::new();
            let calls = Arc::new(calls);
            let handled = Arc::new(AtomicU64::new(0));
            // What a worker does after a call: only the one who ended it may, so plain steps suffice.
            let goes_on = |handled: &AtomicU64| {
                let before = handled.load(Acquire);
                handled.store(before + 1, Release);
            };
            let call = calls.begin(idle, 1);
            let replacement = {
                let (calls, handled) = (Arc::clone(&calls), Arc::clone(&handled));
                thread::spawn(move || {
                    let seen = calls.under_way();
                    let won = seen.and_then(|seen| calls.end(seen));
                    if won.is_some() {
                        goes_on(&handled);
                    }
                    won.is_some()
                })
            };
            let own = calls.end(call);
            if own.is_some() {
                goes_on(&handled);
            }
            let taken = replacement.join().expect("no panic");
            assert!(own.is_some() != taken, "exactly one goes on");
            assert_eq!(handled.load(Acquire), 1);
            assert_eq!(calls.under_way(), None);
        });
    }
}
