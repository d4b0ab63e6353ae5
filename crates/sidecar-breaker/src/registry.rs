//! Breakers by name, in a bounded number.

use crate::{Breaker, BreakerBuilder, BreakerSnapshot, SettingsError, State};
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard};

/// Breakers by name. Cheap to clone; clones are the same registry.
///
/// Holds a limited number of breakers. At the limit a new one takes the place of a breaker that is closed,
/// has no failure in its window and to which nobody holds a handle or a permit: of those, the one whose
/// handle was asked for longest ago. If there is none, registering fails. So no flood of names makes a
/// registry forget a breaker that matters. A breaker that was replaced loses its totals.
///
/// [`get`](Self::get) and [`register`](Self::register) are for those who make calls. For those who watch or
/// command there are [`states`](Self::states), [`snapshots`](Self::snapshots) and the like: they neither
/// keep a breaker from being replaced nor count as asking for its handle.
#[derive(Clone)]
pub struct BreakerRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    entries: RwLock<HashMap<Arc<str>, Entry>>,
    limit: usize,
    uses: AtomicU64,
}

struct Entry {
    breaker: Breaker,
    last_use: AtomicU64,
}

impl BreakerRegistry {
    /// Breakers that a registry holds by default.
    pub const DEFAULT_LIMIT: usize = 1_024;

    /// The process-wide registry, of [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT) breakers.
    #[must_use]
    pub fn global() -> &'static Self {
        static GLOBAL: LazyLock<BreakerRegistry> = LazyLock::new(BreakerRegistry::new);
        &GLOBAL
    }

    /// An empty registry of [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT) breakers.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// An empty registry of at most `limit` breakers; zero is taken as one.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        let shared = Shared { entries: RwLock::default(), limit: limit.max(1), uses: AtomicU64::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Builds a breaker and keeps it under its name, or returns the one that was registered under that
    /// name with the same given settings. The clock is not compared.
    ///
    /// # Errors
    /// When a setting is out of range, when the name was registered with other settings, or when the
    /// registry is full of breakers that must stay.
    pub fn register(&self, builder: BreakerBuilder) -> Result<Breaker, RegisterError> {
        let name = Arc::clone(builder.name());
        // Both are dropped after the lock is released, for they are declared before it is taken.
        let fresh = builder.build().map_err(RegisterError::Settings)?;
        let evicted;
        let mut entries = self.shared.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&name) {
            if entry.breaker.circuit.given() != fresh.circuit.given() {
                return Err(RegisterError::Conflict { name });
            }
            return Ok(self.hand_out(entry));
        }
        if entries.len() >= self.shared.limit {
            evicted = evict(&mut entries);
            if evicted.is_none() {
                return Err(RegisterError::Full { name, limit: self.shared.limit });
            }
        }
        let entry = Entry { breaker: fresh.clone(), last_use: AtomicU64::new(self.next_use()) };
        entries.insert(name, entry);
        Ok(fresh)
    }

    /// The breaker of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Breaker> {
        self.read().get(name).map(|entry| self.hand_out(entry))
    }

    /// Opens the breaker of this name, as [`Breaker::trip`]; says whether it exists.
    pub fn trip(&self, name: &str) -> bool {
        self.peek(name, Breaker::trip).is_some()
    }

    /// Closes the breaker of this name, as [`Breaker::reset`]; says whether it exists.
    pub fn reset(&self, name: &str) -> bool {
        self.peek(name, Breaker::reset).is_some()
    }

    /// Closes every breaker, as [`Breaker::reset`].
    pub fn reset_all(&self) {
        for name in self.names() {
            self.reset(&name);
        }
    }

    /// The name of every breaker, in order.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.read().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The state of the breaker of this name, as [`Breaker::state`].
    #[must_use]
    pub fn state_of(&self, name: &str) -> Option<State> {
        self.peek(name, Breaker::state)
    }

    /// The state of every breaker, by name. One after the other: each is read at its own moment.
    #[must_use]
    pub fn states(&self) -> Vec<(Arc<str>, State)> {
        let names = self.names().into_iter();
        names.filter_map(|name| self.state_of(&name).map(|state| (name, state))).collect()
    }

    /// A handle to every breaker, by name. While these are held, none of the breakers can be replaced, and
    /// registering another may fail.
    #[must_use]
    pub fn breakers(&self) -> Vec<Breaker> {
        let mut breakers: Vec<_> = self.read().values().map(|entry| entry.breaker.clone()).collect();
        breakers.sort_unstable_by(|a, b| a.name().cmp(b.name()));
        breakers
    }

    /// A snapshot of every breaker, by name. One after the other: each is taken at its own moment.
    #[must_use]
    pub fn snapshots(&self) -> Vec<BreakerSnapshot> {
        self.names().iter().filter_map(|name| self.peek(name, Breaker::snapshot)).collect()
    }

    /// How many breakers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there is no breaker.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many breakers there may be.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// Looks at the breaker of this name where it stands. A handle, even one held for a moment, would make
    /// a registration fail that finds no other breaker to replace.
    ///
    /// The registry's lock is held meanwhile, so `look` is one of our own functions.
    fn peek<R>(&self, name: &str, look: fn(&Breaker) -> R) -> Option<R> {
        self.read().get(name).map(|entry| look(&entry.breaker))
    }

    fn hand_out(&self, entry: &Entry) -> Breaker {
        // Relaxed: eviction reads it under the write lock, which orders it after this read lock.
        entry.last_use.store(self.next_use(), Ordering::Relaxed);
        entry.breaker.clone()
    }

    fn next_use(&self) -> u64 {
        self.shared.uses.fetch_add(1, Ordering::Relaxed)
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<Arc<str>, Entry>> {
        self.shared.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out the breaker that may be forgotten and was asked for longest ago.
///
/// New handles come from the registry, whose lock is held exclusively, or from other handles; so a breaker
/// with one handle, the registry's own, keeps to that for as long as the lock is held.
fn evict(entries: &mut HashMap<Arc<str>, Entry>) -> Option<Entry> {
    let name = entries
        .iter()
        .filter(|(_, entry)| {
            Arc::strong_count(&entry.breaker.circuit) == 1 && entry.breaker.circuit.is_idle()
        })
        .min_by_key(|(_, entry)| entry.last_use.load(Ordering::Relaxed))
        .map(|(name, _)| Arc::clone(name))?;
    entries.remove(&name)
}

impl Default for BreakerRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for BreakerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerRegistry").field("len", &self.len()).field("limit", &self.limit()).finish()
    }
}

/// A breaker could not be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// The name or a setting is out of range.
    Settings(SettingsError),
    /// The name was registered with other settings.
    #[non_exhaustive]
    Conflict {
        /// The name.
        name: Arc<str>,
    },
    /// The registry holds its limit, and every breaker in it must stay.
    #[non_exhaustive]
    Full {
        /// The name that found no room.
        name: Arc<str>,
        /// How many breakers there may be.
        limit: usize,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Conflict { name } => write!(f, "circuit breaker {name} exists with other settings"),
            Self::Full { name, limit } => {
                write!(f, "no room for circuit breaker {name} among {limit} that are in use")
            }
        }
    }
}

impl Error for RegisterError {}

impl From<SettingsError> for RegisterError {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}
