//! Breakers by name, in a bounded number.

mod defaults;
mod entry;
mod tenure;

use crate::{Breaker, BreakerBuilder, BreakerSnapshot, SettingsError, State};
use arc_swap::ArcSwap;
use defaults::Defaults;
use entry::{Entries, Entry};
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

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
///
/// Only registering takes the registry's lock, and copies the table if it adds a breaker. Looking up, listing and
/// commanding wait for no other use of the registry.
#[derive(Clone)]
pub struct BreakerRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    /// Replaced as a whole, by the holder of `registering`.
    entries: ArcSwap<Entries>,
    registering: Mutex<Defaults>,
    /// Written under that lock.
    is_enabled: AtomicBool,
    limit: usize,
    uses: AtomicU64,
    errors: AtomicU64,
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
        let shared = Shared {
            entries: ArcSwap::default(),
            registering: Mutex::default(),
            is_enabled: AtomicBool::new(true),
            limit: limit.max(1),
            uses: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Builds a breaker and keeps it under its name, or returns the one that was registered under that
    /// name with the same given settings. Neither the clock nor whether it follows is compared.
    ///
    /// # Errors
    /// When a setting is out of range, when the name was registered with other settings, or when the
    /// registry is full of breakers that must stay.
    pub fn register(&self, builder: BreakerBuilder) -> Result<Breaker, RegisterError> {
        let (breaker, trouble) = self.find_or_add(builder)?;
        if let Some(trouble) = trouble {
            self.note(&trouble);
        }
        Ok(breaker)
    }

    /// As [`register`](Self::register), and why a breaker that follows does not have the defaults.
    pub(crate) fn find_or_add(
        &self,
        builder: BreakerBuilder,
    ) -> Result<(Breaker, Option<String>), RegisterError> {
        let (name, follows) = (Arc::clone(builder.name()), builder.follows());
        let fresh = builder.build().map_err(RegisterError::Settings)?;
        // It and `fresh` are dropped after the lock is released, for they are declared before it is taken: with
        // a breaker go its listeners, and what they own is foreign.
        let _former;
        let defaults = self.shared.registering.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.shared.entries.load();
        if let Some(entry) = current.get(&name) {
            if entry.breaker().circuit.given() != fresh.circuit.given() {
                return Err(RegisterError::Conflict { name });
            }
            // Nobody throws it out meanwhile, for that is done under this lock.
            entry.use_now(self.next_use());
            return Ok((entry.breaker().clone(), None));
        }
        let evicted = if current.len() < self.shared.limit {
            None
        } else if let Some(evicted) = entry::evict(&current) {
            Some(evicted)
        } else {
            return Err(RegisterError::Full { name, limit: self.shared.limit });
        };
        let trouble = if follows { defaults.give_to(&fresh).err() } else { None };
        if !self.is_enabled() {
            fresh.circuit.command(|machine, now| machine.switch(now, false));
        }
        let mut entries = Entries::clone(&current);
        if let Some(evicted) = evicted {
            entries.remove(&evicted);
        }
        entries.insert(name, Arc::new(Entry::new(fresh.clone(), follows, self.next_use())));
        _former = self.shared.entries.swap(Arc::new(entries));
        Ok((fresh, trouble))
    }

    /// Whether both are clones of one registry.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// The breaker of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Breaker> {
        let entries = self.shared.entries.load();
        let entry = entries.get(name)?;
        entry.use_now(self.next_use());
        // One that was thrown out is as good as absent, even if the name is being registered anew.
        entry.take()
    }

    /// Opens the breaker of this name, as [`Breaker::trip`]; says whether it exists.
    pub fn trip(&self, name: &str) -> bool {
        // Through a handle, so that it is not thrown out before it is open. Once it is, it cannot be anyway.
        let handle = self.shared.entries.load().get(name).and_then(|entry| entry.take());
        handle.map(|breaker| breaker.trip()).is_some()
    }

    /// Closes the breaker of this name, as [`Breaker::reset`]; says whether it exists.
    pub fn reset(&self, name: &str) -> bool {
        // Without one: it may well be thrown out before it is reset, for then it is as good as new.
        self.peek(name, |breaker| breaker.reset()).is_some()
    }

    /// Closes every breaker, as [`Breaker::reset`].
    pub fn reset_all(&self) {
        for name in self.names() {
            self.reset(&name);
        }
    }

    /// Switches every breaker off or on again, those that are registered later too: a kill switch. Defaults to on.
    ///
    /// A breaker that is off is [`State::Disabled`] without an end: every call passes, is counted and judged by nothing.
    /// No timer acts. When it is on again, its state comes back: closed with an empty window; open for what is left of
    /// its time, if any; half-open with a new round; or as it was set by hand, by a command before or meanwhile. Calls
    /// that began before the switch and end after it are late.
    ///
    /// A breaker that is thrown out of the registry can be had by nobody, so none stays off for ever.
    pub fn set_enabled(&self, enabled: bool) {
        // Over the breakers too, or one of two that switch at once could leave some off and some on. No user code runs
        // in it: listeners are called on a thread of their own.
        let _registering = self.shared.registering.lock().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: what is decided by it is decided under the lock.
        self.shared.is_enabled.store(enabled, Ordering::Relaxed);
        for entry in self.shared.entries.load().values() {
            entry.breaker().circuit.command(|machine, now| machine.switch(now, enabled));
        }
    }

    /// Whether breakers are on: what [`set_enabled`](Self::set_enabled) was last called with.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.shared.is_enabled.load(Ordering::Relaxed)
    }

    /// The name of every breaker, in order.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        self.list(|name, _| Arc::clone(name))
    }

    /// The state of the breaker of this name, as [`Breaker::state`].
    #[must_use]
    pub fn state_of(&self, name: &str) -> Option<State> {
        self.peek(name, Breaker::state)
    }

    /// The state of every breaker, by name. One after the other: each is read at its own moment.
    #[must_use]
    pub fn states(&self) -> Vec<(Arc<str>, State)> {
        self.list(|name, entry| (Arc::clone(name), entry.breaker().state()))
    }

    /// A handle to every breaker, by name. While these are held, none of the breakers can be replaced, and
    /// registering another may fail.
    #[must_use]
    pub fn breakers(&self) -> Vec<Breaker> {
        self.list(|_, entry| entry.take()).into_iter().flatten().collect()
    }

    /// A snapshot of every breaker, by name. One after the other: each is taken at its own moment.
    #[must_use]
    pub fn snapshots(&self) -> Vec<BreakerSnapshot> {
        self.list(|_, entry| entry.breaker().snapshot())
    }

    /// How many breakers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.entries.load().len()
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

    /// Looks at the breaker of this name where it stands. A handle, even one held for a moment, would make a
    /// registration fail that finds no other breaker to replace.
    fn peek<R>(&self, name: &str, look: fn(&Breaker) -> R) -> Option<R> {
        let entries = self.shared.entries.load();
        entries.get(name).filter(|entry| !entry.is_gone()).map(|entry| look(entry.breaker()))
    }

    /// What `look` sees in every entry where it stands, by name.
    fn list<R>(&self, look: impl Fn(&Arc<str>, &Entry) -> R) -> Vec<R> {
        let entries = self.shared.entries.load_full();
        let mut sorted: Vec<_> = entries.iter().filter(|(_, entry)| !entry.is_gone()).collect();
        sorted.sort_unstable_by_key(|(name, _)| *name);
        sorted.into_iter().map(|(name, entry)| look(name, entry)).collect()
    }

    fn next_use(&self) -> u64 {
        self.shared.uses.fetch_add(1, Ordering::Relaxed)
    }
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
