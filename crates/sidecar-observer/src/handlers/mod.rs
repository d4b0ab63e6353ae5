//! Who wants to see which events.

mod record;

pub use record::{HandlerState, HandlerStats};
pub(crate) use record::{Limits, Record};

use crate::event::Event;
use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use sidecar_core::panics::contain;
use smol_str::SmolStr;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Most handlers at a time.
pub(crate) const MAX_HANDLERS: usize = 1_024;

/// A registered handler, to remove it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandlerId(u64);

impl HandlerId {
    /// No handler has it.
    pub(crate) const NONE: Self = Self(0);
}

pub(crate) type Handler = Arc<dyn Fn(&Event) + Send + Sync>;

/// The registered handlers. Reading takes no lock; a change copies the table.
#[derive(Default)]
pub(crate) struct Handlers {
    table: ArcSwap<Table>,
    last_id: Mutex<u64>,
}

#[derive(Clone, Default)]
pub(crate) struct Table {
    by_type: HashMap<SmolStr, Vec<Entry>>,
    any: Vec<Entry>,
}

/// A registered handler and its record, which outlives changes of the table.
#[derive(Clone)]
pub(crate) struct Entry {
    id: HandlerId,
    pub(crate) handler: Handler,
    pub(crate) record: Arc<Record>,
}

impl Handlers {
    /// Adds a handler for one type, or for all. Beyond [`MAX_HANDLERS`] nothing is added, and `None` says so.
    pub(crate) fn add(&self, event_type: Option<&str>, handler: Handler) -> (HandlerId, bool) {
        let mut last_id = self.last_id.lock();
        *last_id += 1;
        let id = HandlerId(*last_id);
        let mut table = Table::clone(&self.table.load());
        if table.len() >= MAX_HANDLERS {
            return (id, false);
        }
        let list = match event_type {
            Some(name) => table.by_type.entry(SmolStr::new(name)).or_default(),
            None => &mut table.any,
        };
        list.push(Entry { id, handler, record: Arc::default() });
        self.replace(last_id, table);
        (id, true)
    }

    pub(crate) fn remove(&self, id: HandlerId) -> bool {
        let changing = self.last_id.lock();
        let mut table = Table::clone(&self.table.load());
        let before = table.len();
        table.any.retain(|entry| entry.id != id);
        table.by_type.retain(|_, list| {
            list.retain(|entry| entry.id != id);
            !list.is_empty()
        });
        let found = table.len() < before;
        self.replace(changing, table);
        found
    }

    /// Removes every handler.
    pub(crate) fn clear(&self) {
        self.replace(self.last_id.lock(), Table::default());
    }

    /// Publishes a table. What only the former one held is dropped after the lock and contained: dropping a
    /// handler runs foreign code, which may come back here.
    fn replace(&self, changing: MutexGuard<'_, u64>, table: Table) {
        let former = self.table.swap(Arc::new(table));
        drop(changing);
        let _ = contain(|| drop(former));
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        self.table.load_full()
    }

    /// Every handler's account, in order of registration.
    pub(crate) fn stats(&self, now: u64) -> Vec<HandlerStats> {
        let table = self.table.load();
        let own =
            table.by_type.iter().flat_map(|(name, list)| list.iter().map(move |entry| (Some(name), entry)));
        let any = table.any.iter().map(|entry| (None, entry));
        let stats =
            |(name, entry): (Option<&SmolStr>, &Entry)| entry.record.stats(entry.id, name.cloned(), now);
        let mut all: Vec<_> = own.chain(any).map(stats).collect();
        all.sort_by_key(|handler| handler.id);
        all
    }
}

impl Table {
    fn len(&self) -> usize {
        self.any.len() + self.by_type.values().map(Vec::len).sum::<usize>()
    }

    /// Those of the type in order of registration, then those of all types.
    pub(crate) fn of(&self, event_type: &str) -> impl Iterator<Item = &Entry> {
        let own = self.by_type.get(event_type).map(Vec::as_slice).unwrap_or_default();
        own.iter().chain(&self.any)
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").field("count", &self.table.load().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_bounded_and_removable() {
        let handlers = Handlers::default();
        let ids: Vec<_> =
            (0..MAX_HANDLERS).map(|n| handlers.add((n % 2 == 0).then_some("a"), Arc::new(|_| ()))).collect();
        assert!(ids.iter().all(|(_, added)| *added));
        assert!(!handlers.add(None, Arc::new(|_| ())).1);
        assert_eq!(handlers.table().of("a").count(), MAX_HANDLERS);
        assert_eq!(handlers.table().of("b").count(), MAX_HANDLERS / 2);
        assert!(handlers.remove(ids[0].0));
        assert!(!handlers.remove(ids[0].0));
        assert!(handlers.add(None, Arc::new(|_| ())).1);
    }
}
