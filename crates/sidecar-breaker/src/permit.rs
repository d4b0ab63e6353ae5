//! Permission to make one call, which settles exactly once.

use crate::Verdict;
use crate::circuit::Circuit;
use crate::ticket::Ticket;
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Ends a call as a failure if it is dropped, which happens only where the call's code unwinds.
pub(crate) struct Unwinding<'a> {
    circuit: &'a Circuit,
    ticket: Ticket,
}

impl<'a> Unwinding<'a> {
    /// Runs `f` as the call that was admitted with `ticket`.
    #[inline]
    pub(crate) fn watch<T>(circuit: &'a Circuit, ticket: Ticket, f: impl FnOnce() -> T) -> T {
        let unwinding = Self { circuit, ticket };
        let value = f();
        mem::forget(unwinding);
        value
    }
}

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        self.circuit.settle(self.ticket, Some(Verdict::Failure));
    }
}

/// An admitted call that has not ended. Dropped before it is settled, it ends as a failure if user code
/// was running, and without a verdict otherwise.
pub(crate) struct Slip<C: Deref<Target = Circuit>> {
    circuit: C,
    ticket: Option<Ticket>,
    in_user_code: bool,
}

impl<C: Deref<Target = Circuit>> Slip<C> {
    pub(crate) fn new(circuit: C, ticket: Ticket) -> Self {
        Self { circuit, ticket: Some(ticket), in_user_code: false }
    }

    /// Runs `f` as part of the call; if it unwinds, the call ends as a failure.
    pub(crate) fn run<T>(&mut self, f: impl FnOnce() -> T) -> T {
        self.in_user_code = true;
        let value = f();
        self.in_user_code = false;
        value
    }

    /// Begins the call now: what went before it is not part of the time it takes.
    #[cfg(feature = "tower")]
    pub(crate) fn begin(&mut self) {
        self.ticket = self.ticket.map(|ticket| self.circuit.begun_now(ticket));
    }

    /// Whether the call would still count if it ended now.
    #[cfg(feature = "tower")]
    pub(crate) fn is_current(&self) -> bool {
        self.ticket.is_some_and(|ticket| self.circuit.is_current(ticket.generation()))
    }

    pub(crate) fn settle(&mut self, verdict: Option<Verdict>) {
        if let Some(ticket) = self.ticket.take() {
            self.circuit.settle(ticket, verdict);
        }
    }
}

impl<C: Deref<Target = Circuit>> Drop for Slip<C> {
    fn drop(&mut self) {
        self.settle(self.in_user_code.then_some(Verdict::Failure));
    }
}

/// A slip in the hands of the user, where only the thread can tell whether a drop is an unwind.
struct Held<C: Deref<Target = Circuit>> {
    slip: Slip<C>,
    /// A permit taken while the thread unwinds already, in some `drop`, is not what unwinds.
    unwinding: bool,
}

impl<C: Deref<Target = Circuit>> Held<C> {
    fn new(circuit: C, ticket: Ticket) -> Self {
        Self { slip: Slip::new(circuit, ticket), unwinding: thread::panicking() }
    }
}

impl<C: Deref<Target = Circuit>> Drop for Held<C> {
    fn drop(&mut self) {
        self.slip.in_user_code = thread::panicking() && !self.unwinding;
    }
}

macro_rules! permit {
    ($permit:ty, $name:literal) => {
        impl $permit {
            /// Ends the call as a success.
            pub fn success(self) {
                self.settle(Verdict::Success);
            }

            /// Ends the call as a failure.
            pub fn failure(self) {
                self.settle(Verdict::Failure);
            }

            /// Ends the call as a failure with which the dependency asked to be left alone for this long. If it
            /// opens the breaker, that stays open for as long, up to `max_timeout`.
            pub fn failure_with_retry_after(self, wish: Duration) {
                self.settle(Verdict::RetryAfter(wish));
            }

            /// Ends the call without saying anything about the dependency.
            pub fn ignore(self) {
                self.settle(Verdict::Ignored);
            }

            /// Ends the call with `verdict`.
            pub fn settle(mut self, verdict: Verdict) {
                self.held.slip.settle(Some(verdict));
            }
        }

        impl fmt::Debug for $permit {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name)
                    .field("breaker", self.held.slip.circuit.identity().name())
                    .field("generation", &self.held.slip.ticket.map(Ticket::generation))
                    .finish()
            }
        }
    };
}

/// Permission for one call, borrowed from its breaker. Settle it with how the call ended.
///
/// Dropped instead, it counts as the setting `dropped` says, or as a failure if the drop is part of a
/// panic. Forgotten (`mem::forget`) while half-open, its place is free again when the round ends.
#[must_use = "a permit that is dropped ends its call without a verdict"]
pub struct Permit<'a> {
    held: Held<&'a Circuit>,
}

/// A [`Permit`] that keeps its breaker alive, to be moved to other threads and tasks.
#[must_use = "a permit that is dropped ends its call without a verdict"]
pub struct OwnedPermit {
    held: Held<Arc<Circuit>>,
}

permit!(Permit<'_>, "Permit");
permit!(OwnedPermit, "OwnedPermit");

impl<'a> Permit<'a> {
    pub(crate) fn new(circuit: &'a Circuit, ticket: Ticket) -> Self {
        Self { held: Held::new(circuit, ticket) }
    }
}

impl OwnedPermit {
    pub(crate) fn new(circuit: Arc<Circuit>, ticket: Ticket) -> Self {
        Self { held: Held::new(circuit, ticket) }
    }
}
