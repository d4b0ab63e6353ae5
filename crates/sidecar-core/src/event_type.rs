//! Bounded interning of event-type names.

use arc_swap::ArcSwap;
use smol_str::SmolStr;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Longest name, in bytes; longer ones are cut at a character.
pub const MAX_NAME_BYTES: usize = 128;

/// The name under which all types beyond the limit are counted together.
pub const OVERFLOW_NAME: &str = "_other";

/// An interned event type: an index that is valid for the [`EventTypes`] it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(u16);

impl TypeId {
    /// What every type beyond the limit shares.
    pub const OVERFLOW: Self = Self(0);

    /// Position in tables indexed by type; below the limit of its [`EventTypes`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The names that a runtime has seen, each with its [`TypeId`]. Cheap to clone; clones share the names.
///
/// Looking up a known name takes no lock. A new name copies the table, which is bounded and soon full.
#[derive(Clone, Debug)]
pub struct EventTypes {
    shared: Arc<Shared>,
}

/// Remembers the id of one name, for a place in the code that always says the same name: a `static` there, passed
/// to [`EventTypes::intern_at`]. Of several tables it remembers the id in the one that was used last.
#[derive(Debug, Default)]
pub struct CallSite {
    /// `[number of the table: 48 bits | id: 16 bits]`; zero before the first use. Relaxed: it stands for itself.
    known: AtomicU64,
}

impl CallSite {
    /// A place that has said nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { known: AtomicU64::new(0) }
    }
}

#[derive(Debug)]
struct Shared {
    /// No other table of the process ever has it; from one on.
    number: u64,
    table: ArcSwap<Table>,
    growing: Mutex<()>,
    limit: usize,
}

#[derive(Clone, Debug)]
struct Table {
    ids: HashMap<SmolStr, TypeId>,
    names: Vec<SmolStr>,
}

impl EventTypes {
    /// Names kept by default, the overflow entry included.
    pub const DEFAULT_LIMIT: usize = 1_024;

    /// A table of at most `limit` names, the overflow entry included; clamped to 2..=65 536.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        let overflow = SmolStr::new_static(OVERFLOW_NAME);
        let table =
            Table { ids: HashMap::from([(overflow.clone(), TypeId::OVERFLOW)]), names: vec![overflow] };
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Relaxed);
        let (table, growing, limit) = (ArcSwap::from_pointee(table), Mutex::new(()), limit.clamp(2, 1 << 16));
        Self { shared: Arc::new(Shared { number, table, growing, limit }) }
    }

    /// The id of `name`, made if there is room; otherwise [`TypeId::OVERFLOW`].
    ///
    /// Names over [`MAX_NAME_BYTES`] are looked up as [`cut_name`] leaves them.
    pub fn intern(&self, name: &str) -> TypeId {
        let name = cut_name(name);
        let table = self.shared.table.load();
        if let Some(id) = table.ids.get(name) {
            return *id;
        }
        if table.names.len() >= self.shared.limit {
            return TypeId::OVERFLOW;
        }
        drop(table);
        self.grow(name)
    }

    /// The id of `name` if it has one. Takes no lock.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<TypeId> {
        self.shared.table.load().ids.get(cut_name(name)).copied()
    }

    /// As [`intern`](Self::intern), for a `site` at which `name` is always the same: after the first time, one load.
    #[inline]
    pub fn intern_at(&self, site: &CallSite, name: &'static str) -> TypeId {
        let known = site.known.load(Relaxed);
        if known >> 16 == self.shared.number {
            // The lower 16 bits.
            return TypeId(known as u16);
        }
        self.look_up_at(site, name)
    }

    #[cold]
    fn look_up_at(&self, site: &CallSite, name: &'static str) -> TypeId {
        let id = self.intern(name);
        site.known.store(self.shared.number << 16 | u64::from(id.0), Relaxed);
        id
    }

    fn grow(&self, name: &str) -> TypeId {
        let _growing = self.shared.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.shared.table.load();
        if let Some(id) = table.ids.get(name) {
            return *id;
        }
        let Some(id) =
            u16::try_from(table.names.len()).ok().filter(|_| table.names.len() < self.shared.limit)
        else {
            return TypeId::OVERFLOW;
        };
        let mut next = Table::clone(&table);
        let kept = SmolStr::new(name);
        next.names.push(kept.clone());
        next.ids.insert(kept, TypeId(id));
        self.shared.table.store(Arc::new(next));
        TypeId(id)
    }

    /// The name behind `id`; the overflow's for an id of another table that is unknown here.
    #[must_use]
    pub fn name(&self, id: TypeId) -> SmolStr {
        let table = self.shared.table.load();
        table.names.get(id.index()).unwrap_or(&table.names[0]).clone()
    }

    /// Every name with its id, in order of first appearance.
    #[must_use]
    pub fn all(&self) -> Vec<(TypeId, SmolStr)> {
        let table = self.shared.table.load();
        table.names.iter().enumerate().map(|(index, name)| (TypeId(index as u16), name.clone())).collect()
    }

    /// How many names there may be.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }
}

impl Default for EventTypes {
    fn default() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }
}

/// `name` cut to [`MAX_NAME_BYTES`] at a character boundary.
#[must_use]
pub fn cut_name(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_id_and_any_string_is_a_name() {
        let types = EventTypes::default();
        let ids: Vec<_> = ["", "test_end", "ünïcode", "\0"].iter().map(|name| types.intern(name)).collect();
        for (name, id) in ["", "test_end", "ünïcode", "\0"].iter().zip(&ids) {
            assert_eq!(types.intern(name), *id);
            assert_eq!(types.name(*id), *name);
            assert_eq!(types.known(name), Some(*id));
        }
        assert_eq!(types.clone().intern("test_end"), ids[1]);
        assert_eq!((types.known("never"), types.all().len()), (None, 5));
    }

    #[test]
    fn beyond_the_limit_names_share_the_overflow() {
        let types = EventTypes::with_limit(3);
        let (a, b) = (types.intern("a"), types.intern("b"));
        assert_ne!(a, b);
        for flood in 0..10_000 {
            assert_eq!(types.intern(&format!("t{flood}")), TypeId::OVERFLOW);
        }
        assert_eq!(types.all().len(), 3);
        assert_eq!(types.intern("a"), a);
    }

    #[test]
    fn the_last_id_of_the_largest_table_is_usable() {
        let types = EventTypes::with_limit(usize::MAX);
        assert_eq!(types.limit(), 65_536);
        assert_eq!(types.intern(OVERFLOW_NAME), TypeId::OVERFLOW);
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let types = EventTypes::default();
        let id = types.intern(&"é".repeat(100));
        assert_eq!(types.name(id).len(), MAX_NAME_BYTES);
        assert_eq!(cut_name(&format!("{}é", "x".repeat(127))).len(), 127);
    }

    #[test]
    fn a_site_remembers_the_id_of_the_table_it_was_used_with_last() {
        static SITE: CallSite = CallSite::new();
        let (one, other) = (EventTypes::default(), EventTypes::with_limit(3));
        (0..3).for_each(|n| _ = one.intern(&format!("before {n}")));
        for _ in 0..3 {
            assert_eq!(one.intern_at(&SITE, "login"), one.intern("login"));
            assert_eq!(other.intern_at(&SITE, "login"), other.intern("login"));
            assert_ne!(one.intern("login"), other.intern("login"));
        }
        let full = EventTypes::with_limit(2);
        full.intern("first");
        assert_eq!([(), ()].map(|()| full.intern_at(&SITE, "login")), [TypeId::OVERFLOW; 2]);
    }

    #[test]
    fn racing_threads_agree_on_ids() {
        let types = EventTypes::default();
        let ids: Vec<Vec<TypeId>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..200).map(|n| types.intern(&format!("t{n}"))).collect()))
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(types.all().len(), 201);
    }
}
