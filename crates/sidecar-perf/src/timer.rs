//! Guards of operations that have begun.

use crate::cells::{Change, Ended, Polled};
use crate::pulse::Recorded;
use crate::{Completion, Operation};
use std::borrow::Borrow;
use std::fmt;
use std::thread;

/// An operation that has begun. It ends once, at the latest when this is dropped.
pub(crate) struct Run<O: Borrow<Operation>> {
    operation: O,
    begun: Begun,
    /// Whether the thread was unwinding already: that panic is not ours.
    in_panic: bool,
}

#[derive(Clone, Copy)]
enum Begun {
    /// It has ended, or nothing is recorded.
    Inert,
    /// Its duration was not drawn.
    Counted,
    /// When, in nanoseconds of the monitor's clock.
    At(u64),
}

impl<O: Borrow<Operation>> Run<O> {
    #[inline]
    pub(crate) fn new(operation: O) -> Self {
        let entry = &operation.borrow().entry;
        let begun = match entry.pulse.recorded() {
            Recorded::Nothing => Begun::Inert,
            Recorded::Count => {
                entry.apply(Change::Begin);
                Begun::Counted
            }
            Recorded::All => {
                entry.apply(Change::Begin);
                Begun::At(entry.pulse.clock().now())
            }
        };
        Self { operation, begun, in_panic: thread::panicking() }
    }

    /// The time, if this is timed.
    #[inline]
    pub(crate) fn now(&self) -> Option<u64> {
        let clock = self.operation.borrow().entry.pulse.clock();
        matches!(self.begun, Begun::At(_)).then(|| clock.now())
    }

    /// Whether a panic unwinds that began after this did.
    #[inline]
    pub(crate) fn has_panicked(&self) -> bool {
        thread::panicking() && !self.in_panic
    }

    #[inline]
    pub(crate) fn end(&mut self, completion: Completion, polled: Option<Polled>) {
        let entry = &self.operation.borrow().entry;
        let (at, duration) = match std::mem::replace(&mut self.begun, Begun::Inert) {
            Begun::Inert => return,
            Begun::Counted => (entry.pulse.about_now(), None),
            Begun::At(begin) => {
                let now = entry.pulse.clock().now();
                // A clock that was set back makes no long duration.
                (now, Some(now.saturating_sub(begin)))
            }
        };
        entry.apply(Change::End(Ended { completion, duration, at, began: true, polled }));
    }
}

impl<O: Borrow<Operation>> Drop for Run<O> {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.begun, Begun::Inert) {
            self.end(if self.has_panicked() { Completion::Panicked } else { Completion::Cancelled }, None);
        }
    }
}

/// An operation that is one call: whatever drops it before its end is a panic of that call.
pub(crate) struct Call<O: Borrow<Operation>>(Run<O>);

impl<O: Borrow<Operation>> Call<O> {
    #[inline]
    pub(crate) fn new(operation: O) -> Self {
        Self(Run::new(operation))
    }

    #[inline]
    pub(crate) fn end(mut self, completion: Completion) {
        self.0.end(completion, None);
    }
}

impl<O: Borrow<Operation>> Drop for Call<O> {
    #[inline]
    fn drop(&mut self) {
        self.0.end(Completion::Panicked, None);
    }
}

macro_rules! guard {
    ($(#[$doc:meta])* $name:ident $(<$life:lifetime>)?, $operation:ty) => {
        $(#[$doc])*
        #[must_use = "an operation ends when its guard is dropped"]
        pub struct $name $(<$life>)? (Run<$operation>);

        impl $(<$life>)? $name $(<$life>)? {
            #[inline]
            pub(crate) fn new(operation: $operation) -> Self {
                Self(Run::new(operation))
            }

            /// Ends the operation as a success.
            #[inline]
            pub fn success(self) {
                self.end(Completion::Success);
            }

            /// Ends the operation as a failure.
            #[inline]
            pub fn failure(self) {
                self.end(Completion::Failure);
            }

            /// Ends the operation as cancelled, as dropping the guard does.
            #[inline]
            pub fn cancel(self) {
                self.end(Completion::Cancelled);
            }

            /// Ends the operation as `completion` says.
            #[inline]
            pub fn end(mut self, completion: Completion) {
                self.0.end(completion, None);
            }
        }

        impl $(<$life>)? fmt::Debug for $name $(<$life>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let operation: &Operation = self.0.operation.borrow();
                f.debug_struct(stringify!($name)).field("operation", operation.name()).finish_non_exhaustive()
            }
        }
    };
}

guard! {
    /// An operation that has begun, by [`Operation::start`]. Dropped, it counts as cancelled, or as panicked by a
    /// panic that began meanwhile.
    Timer<'a>, &'a Operation
}

guard! {
    /// An operation that has begun, by [`Operation::start_owned`]. Dropped, it counts as cancelled, or as panicked by
    /// a panic that began meanwhile.
    OwnedTimer, Operation
}
