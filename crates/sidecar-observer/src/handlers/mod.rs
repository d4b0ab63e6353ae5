//! Who wants to see which events.

mod record;

pub use record::{HandlerState, HandlerStats};
pub(crate) use record::{Limits, Record};

use crate::event::Event;
use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use sidecar_core::TypeId;
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
    changes: Mutex<Changes>,
}

#[derive(Default)]
struct Changes {
    last_id: u64,
    /// Nobody will call a handler any more: one that was taken all the same might hold what holds it, for ever.
    are_over: bool,
}

/// Why a handler is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// [`MAX_HANDLERS`] are there.
    Full,
    /// The observer has stopped.
    Stopped,
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
    /// Adds a handler for one type, or for all. One that is refused is handed back for the caller to drop: that runs
    /// foreign code.
    pub(crate) fn add(
        &self,
        event_type: Option<&str>,
        handler: Handler,
    ) -> Result<HandlerId, (Refused, Handler)> {
        let mut changes = self.changes.lock();
        if changes.are_over {
            return Err((Refused::Stopped, handler));
        }
        let mut table = Table::clone(&self.table.load());
        if table.len() >= MAX_HANDLERS {
            return Err((Refused::Full, handler));
        }
        changes.last_id += 1;
        let id = HandlerId(changes.last_id);
        let list = match event_type {
            Some(name) => table.by_type.entry(SmolStr::new(name)).or_default(),
            None => &mut table.any,
        };
        list.push(Entry { id, handler, record: Arc::default() });
        self.replace(changes, table);
        Ok(id)
    }

    pub(crate) fn remove(&self, id: HandlerId) -> bool {
        let changes = self.changes.lock();
        let mut table = Table::clone(&self.table.load());
        let before = table.len();
        table.any.retain(|entry| entry.id != id);
        table.by_type.retain(|_, list| {
            list.retain(|entry| entry.id != id);
            !list.is_empty()
        });
        let found = table.len() < before;
        self.replace(changes, table);
        found
    }

    /// Removes every handler, and takes no further one.
    pub(crate) fn finish(&self) {
        let mut changes = self.changes.lock();
        changes.are_over = true;
        self.replace(changes, Table::default());
    }

    /// Publishes a table. What only the former one held is dropped after the lock and contained: dropping a
    /// handler runs foreign code, which may come back here.
    fn replace(&self, changes: MutexGuard<'_, Changes>, table: Table) {
        let former = self.table.swap(Arc::new(table));
        drop(changes);
        let _ = contain(|| drop(former));
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        self.table.load_full()
    }

    /// Every handler's account, in order of registration.
    pub(crate) fn stats(&self, now: u64) -> Vec<HandlerStats> {
        let table = self.table();
        let own =
            table.by_type.iter().flat_map(|(name, list)| list.iter().map(move |entry| (Some(name), entry)));
        let any = table.any.iter().map(|entry| (None, entry));
        let stats =
            |(name, entry): (Option<&SmolStr>, &Entry)| entry.record.stats(entry.id, name.cloned(), now);
        let mut all: Vec<_> = own.chain(any).map(stats).collect();
        all.sort_by_key(|handler| handler.id);
        // Its last owner, if it was replaced meanwhile: to drop a handler runs foreign code.
        let _ = contain(|| drop(table));
        all
    }
}

impl Table {
    fn len(&self) -> usize {
        self.any.len() + self.by_type.values().map(Vec::len).sum::<usize>()
    }

    pub(crate) fn finder(&self) -> Finder<'_> {
        Finder { table: self, last: None }
    }
}

/// Finds the handlers of one event after the other. Events of one type often follow each other.
pub(crate) struct Finder<'a> {
    table: &'a Table,
    last: Option<(TypeId, &'a [Entry])>,
}

impl<'a> Finder<'a> {
    /// Those of the type in order of registration, then those of all types.
    pub(crate) fn of(&mut self, id: TypeId, event_type: &str) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let own = match self.last {
            // The types beyond the bound share `OVERFLOW`.
            Some((last, own)) if last == id && id != TypeId::OVERFLOW => own,
            _ => self.table.by_type.get(event_type).map(Vec::as_slice).unwrap_or_default(),
        };
        self.last = Some((id, own));
        own.iter().chain(&self.table.any)
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
    use sidecar_core::EventTypes;

    fn add(handlers: &Handlers, event_type: Option<&str>) -> Result<HandlerId, Refused> {
        handlers.add(event_type, Arc::new(|_| ())).map_err(|(refused, _)| refused)
    }

    #[test]
    fn handlers_are_bounded_and_removable() {
        let handlers = Handlers::default();
        let ids: Vec<_> =
            (0..MAX_HANDLERS).filter_map(|n| add(&handlers, (n % 2 == 0).then_some("a")).ok()).collect();
        assert_eq!(ids.len(), MAX_HANDLERS);
        assert_eq!(add(&handlers, None), Err(Refused::Full));
        let of = |event_type| handlers.table().finder().of(TypeId::OVERFLOW, event_type).count();
        assert_eq!((of("a"), of("b")), (MAX_HANDLERS, MAX_HANDLERS / 2));
        assert!(handlers.remove(ids[0]));
        assert!(!handlers.remove(ids[0]));
        assert!(add(&handlers, None).is_ok());
        handlers.finish();
        assert_eq!(add(&handlers, None), Err(Refused::Stopped));
    }

    #[test]
    fn handlers_are_found_by_type_whatever_was_asked_for_before() {
        let (handlers, names) = (Handlers::default(), EventTypes::default());
        let (a, b) = (names.intern("a"), names.intern("b"));
        for event_type in ["a", "a", "other"] {
            add(&handlers, Some(event_type)).expect("there is room");
        }
        let table = handlers.table();
        let mut finder = table.finder();
        let mut count = |id, event_type| finder.of(id, event_type).count();
        assert_eq!([count(a, "a"), count(a, "a"), count(b, "b"), count(a, "a")], [2, 2, 0, 2]);
        // Types without an id of their own.
        assert_eq!([count(TypeId::OVERFLOW, "other"), count(TypeId::OVERFLOW, "another")], [1, 0]);
    }
}
