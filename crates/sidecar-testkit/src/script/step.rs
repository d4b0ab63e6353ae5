//! One call of a script.

use crate::VirtualClock;
use std::time::Duration;
use std::{error, fmt};

/// What one call comes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// It succeeds.
    Ok,
    /// It returns a [`Fault`].
    Err,
    /// It panics.
    Panic,
    /// It does not return until [`Script::release`](crate::Script::release).
    Hang,
    /// It succeeds after this time, which it makes pass itself: nobody sleeps.
    Slow {
        /// The clock that is moved.
        clock: VirtualClock,
        /// By how much.
        by: Duration,
    },
}

impl Step {
    /// A call that succeeds and moves `clock` by this time meanwhile.
    #[must_use]
    pub fn slow(clock: &VirtualClock, by: Duration) -> Self {
        Self::Slow { clock: clock.clone(), by }
    }

    /// Ends the call, unless it is one that hangs.
    pub(super) fn end(self, number: u64) -> Result<u64, Fault> {
        match self {
            Self::Ok | Self::Hang => Ok(number),
            Self::Err => Err(Fault { call: number }),
            Self::Panic => panic!("call {number} panics, as it was told to"),
            Self::Slow { clock, by } => {
                clock.advance(by);
                Ok(number)
            }
        }
    }
}

/// The error of a call that was told to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    call: u64,
}

impl Fault {
    /// The number of the call, from 1.
    #[must_use]
    pub fn call(&self) -> u64 {
        self.call
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} fails, as it was told to", self.call)
    }
}

impl error::Error for Fault {}
