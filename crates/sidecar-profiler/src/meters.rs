//! Closures that other pieces register: the bytes they hold, the CPU time they have spent.

use parking_lot::Mutex;
use sidecar_core::panics::contain;
use std::fmt;
use std::sync::Arc;

/// Most accounts, and most charges, that a profiler takes.
pub const MAX_METERS: usize = 64;

type Meter = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A bounded list of named closures, called outside its lock.
#[derive(Default)]
pub(crate) struct Meters {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    entries: Vec<Entry>,
    next_id: u64,
}

struct Entry {
    /// Tells an entry from one that replaced it while it was being read.
    id: u64,
    name: Arc<str>,
    meter: Meter,
    last: u64,
}

/// What all meters said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// The sum of the values; a meter that failed counts with its last one.
    pub(crate) values: u64,
    /// By how much the values rose. One that fell has begun anew, so it rose from zero.
    pub(crate) risen: u64,
    /// How many meters panicked.
    pub(crate) failed: u64,
}

impl Meters {
    /// Adds a meter, or replaces the one of that name; the new one's rise counts from zero.
    pub(crate) fn register(&self, name: Arc<str>, meter: Meter) -> Result<(), NoRoom> {
        let replaced = {
            let mut list = self.list.lock();
            let id = list.next_id;
            list.next_id += 1;
            let entry = Entry { id, name, meter, last: 0 };
            match list.entries.iter().position(|other| other.name == entry.name) {
                Some(place) => Some(std::mem::replace(&mut list.entries[place], entry)),
                None if list.entries.len() < MAX_METERS => {
                    list.entries.push(entry);
                    None
                }
                None => {
                    drop(list);
                    return Err(NoRoom { name: discard(entry) });
                }
            }
        };
        replaced.map(discard);
        Ok(())
    }

    /// Calls every meter.
    pub(crate) fn read(&self) -> Sums {
        let meters: Vec<(u64, Meter)> = {
            let list = self.list.lock();
            list.entries.iter().map(|entry| (entry.id, Arc::clone(&entry.meter))).collect()
        };
        // The closure is dropped in there as well: it may have been replaced, and its drop is not ours.
        let called = meters.into_iter().map(|(id, meter)| (id, contain(move || meter()).ok()));
        let called: Vec<(u64, Option<u64>)> = called.collect();

        let mut sums = Sums::default();
        let mut list = self.list.lock();
        for entry in &mut list.entries {
            if let Some((_, value)) = called.iter().find(|(id, _)| *id == entry.id) {
                sums.failed += u64::from(value.is_none());
                let value = value.unwrap_or(entry.last);
                let risen = if value < entry.last { value } else { value - entry.last };
                sums.risen = sums.risen.saturating_add(risen);
                entry.last = value;
            }
            sums.values = sums.values.saturating_add(entry.last);
        }
        sums
    }
}

/// Drops an entry's closure, which may run code of its owner, and keeps the name.
fn discard(entry: Entry) -> Arc<str> {
    let Entry { name, meter, .. } = entry;
    let _ = contain(move || drop(meter));
    name
}

/// An account or a charge was refused: there are [`MAX_METERS`] of its kind already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRoom {
    name: Arc<str>,
}

impl NoRoom {
    /// The name that was refused.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no room for {:?}: there are {MAX_METERS} already", self.name)
    }
}

impl std::error::Error for NoRoom {}
