//! From starting to stopped, and never back.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

/// Where the application is between its start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lifecycle {
    /// Nothing has been scheduled yet.
    Starting,
    /// The ordinary state.
    Running,
    /// Not ready any more; checks and reports go on.
    Draining,
    /// Nothing is checked any more.
    Stopped,
}

impl Lifecycle {
    const ALL: [Self; 4] = [Self::Starting, Self::Running, Self::Draining, Self::Stopped];

    /// The lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The current state; moves forward only.
#[derive(Debug, Default)]
pub(crate) struct Latch(AtomicU8);

impl Latch {
    pub(crate) fn get(&self) -> Lifecycle {
        Lifecycle::ALL[usize::from(self.0.load(Ordering::SeqCst)).min(Lifecycle::ALL.len() - 1)]
    }

    /// Moves on to `to`, unless it is past that already.
    pub(crate) fn advance(&self, to: Lifecycle) {
        self.0.fetch_max(to as u8, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_steps_ends_at_the_later_one() {
        assert_eq!(Latch::default().get(), Lifecycle::Starting);
        for first in Lifecycle::ALL {
            for second in Lifecycle::ALL {
                let latch = Latch::default();
                latch.advance(first);
                latch.advance(second);
                assert_eq!(latch.get(), first.max(second));
            }
        }
    }
}
