//! Values of which a forked child makes its own.

use sidecar_core::fork::Mark;
use std::sync::OnceLock;

/// One value for each process that asks for it, made when it is asked for first.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(OnceLock<Made<T>>);

/// The value of one process, and that of its child: it has a copy of this one, and puts its own behind it.
#[derive(Debug)]
struct Made<T> {
    mark: Mark,
    value: T,
    heir: OnceLock<Box<Made<T>>>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The value of this process, if it was made.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        let mut made = self.0.get()?;
        while made.mark.is_forked() {
            made = made.heir.get()?;
        }
        Some(&made.value)
    }

    /// The value of this process; `make` is told that of the process it was forked from. Threads that come here at the
    /// same time may each make one, of which one stays: none is made while others wait for it, for they might be
    /// those of a child.
    pub(crate) fn get_or_make(&self, make: impl Fn(Option<&T>) -> T) -> &T {
        let make = |former| Made { mark: Mark::here(), value: make(former), heir: OnceLock::new() };
        let mut made = self.0.get().unwrap_or_else(|| {
            let first = make(None);
            self.0.get_or_init(|| first)
        });
        while made.mark.is_forked() {
            made = made.heir.get().unwrap_or_else(|| {
                let own = Box::new(make(Some(&made.value)));
                made.heir.get_or_init(|| own)
            });
        }
        &made.value
    }
}
