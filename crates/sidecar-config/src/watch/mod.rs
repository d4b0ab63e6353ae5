//! Looking at files until they change, and loading them again once they stand still.

mod fingerprint;
mod pace;
mod thread;

pub use thread::Watch;

use sidecar_core::clock::nanos;

use crate::error::ConfigErrors;
use crate::generation::Generation;
use crate::live::{Live, Shared};
use crate::validate::Settings;
use fingerprint::Fingerprint;
use pace::{Pace, SettleTime};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often files that stand still are looked at. A good save is in force within a second: this, and
/// [`DOUBTFUL_FOR`], and the time of a load.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often they are looked at while they change.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// For how long a file must stand still before it is taken as it is.
const SETTLED_AFTER: Duration = Duration::from_millis(200);
/// For how long, if it may be half of a save: it cannot be used, says less than before, or ends within a line.
const DOUBTFUL_FOR: Duration = Duration::from_millis(600);
/// How often the contents are compared although nothing tells that they changed.
const COMPARE_EVERY: Duration = Duration::from_secs(5);

/// Looks at the files of a [`Live`] and loads them again after they have changed.
///
/// It asks the file system instead of waiting for its events, which differ between editors, mounts and systems: the
/// paths are followed anew each time, so it does not matter whether a file was written over, renamed into its place,
/// reached by a link that was turned elsewhere, or deleted and made again, with its directory or without.
///
/// A change is loaded when the files have stood still for 200 ms; or for 600 ms, if what they hold then looks like
/// half of a save: it is refused, gives fewer keys than before, or its last line has no end. So a save in several
/// steps is one change, as long as no pause in it is longer than that. Files are looked at every 200 ms, and every 50 ms
/// while they change. Time and size tell a change; the contents are compared every 5 s as well, for file systems
/// whose times are coarse.
///
/// The cost of a look is one request to the file system per file.
#[derive(Debug)]
#[must_use = "nothing is looked at before tick()"]
pub struct Watcher<T> {
    live: Weak<Shared<T>>,
    pace: Pace,
    seen: Vec<Fingerprint>,
    compared_at: u64,
}

impl<T: Settings> Watcher<T> {
    pub(crate) fn new(live: &Live<T>) -> Self {
        // As if they had changed just now: what was saved between the load and this is loaded too.
        Self { live: Arc::downgrade(&live.shared), pace: Pace::default(), seen: Vec::new(), compared_at: 0 }
    }

    /// Looks once. `now` is in nanoseconds of a monotonic clock, as is the answer: when to look again; `None` when
    /// every [`Live`] of these settings is gone.
    pub fn tick(&mut self, now: u64) -> Option<u64> {
        let live = Live { shared: self.live.upgrade()? };
        let seen = self.look(&live, now);
        if seen != self.seen {
            self.seen = seen;
            self.pace.changed(now);
        }
        if let Some(settled) = self.pace.due(now) {
            self.load(&live, now, settled);
        }
        let every = if self.pace.is_waiting() { LOOK_AGAIN } else { LOOK_EVERY };
        Some(now.saturating_add(nanos(every)))
    }

    fn look(&mut self, live: &Live<T>, now: u64) -> Vec<Fingerprint> {
        // A clock that stepped back is no reason to wait for it.
        let compare = now < self.compared_at || now - self.compared_at >= nanos(COMPARE_EVERY);
        if compare {
            self.compared_at = now;
        }
        let earlier = |at: usize| self.seen.get(at);
        let files = live.files().iter().enumerate();
        files
            .map(|(at, path)| Fingerprint::take(path, earlier(at), compare || self.pace.is_waiting()))
            .collect()
    }

    fn load(&mut self, live: &Live<T>, now: u64, settled: SettleTime) {
        let begun = live.shared.begin();
        let read = live.read();
        // What was read is what was looked at, or it is a save that is still going on.
        let after = self.look(live, now);
        if after != self.seen {
            self.seen = after;
            self.pace.changed(now);
            return;
        }
        if settled == SettleTime::Short && is_doubtful(live, &read) {
            self.pace.doubt();
            return;
        }
        self.pace.done();
        // Its status tells why it was refused.
        let _ = live.shared.settle(begun, read);
    }
}

fn is_doubtful<T: Settings>(live: &Live<T>, read: &Result<Generation<T>, ConfigErrors>) -> bool {
    match read {
        Err(_) => true,
        Ok(next) => next.cut_off || live.current().says_more_than(next),
    }
}
