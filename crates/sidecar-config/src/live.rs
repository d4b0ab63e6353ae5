//! Settings that are loaded, and loaded again while the program runs.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use sidecar_core::Clock;

use crate::builder::LiveBuilder;
use crate::error::{ConfigError, ConfigErrors, Warning};
use crate::generation::{Generation, Recipe};
use crate::provenance::{Provenance, origin_of_key};
use crate::status::{Reload, Status};
use crate::subscribers::{Subscribers, Subscription};
use crate::validate::Settings;
use crate::watch::{Watch, Watcher};

/// Loaded settings: complete, validated, cheap to clone. Clones share everything.
///
/// A reader that calls [`Live::get`] holds one whole generation for as long as it likes; [`reload`](Live::reload)
/// puts the next one in its place or, where anything is wrong, keeps the last good one.
pub struct Live<T> {
    pub(crate) shared: Arc<Shared<T>>,
}

pub(crate) struct Shared<T> {
    recipe: Recipe<T>,
    current: ArcSwap<Generation<T>>,
    /// Never held while anything of the settings type's or a subscriber's runs.
    book: Mutex<Book>,
    subscribers: Subscribers<T>,
    pub(crate) watching: Mutex<Option<Watch>>,
}

/// What is known of the readings, in the order in which they began.
#[derive(Debug, Default)]
struct Book {
    begun: u64,
    /// The latest beginning whose outcome stands.
    settled: u64,
    status: Status,
}

impl<T: Settings> Live<T> {
    /// Says where the settings come from.
    pub fn builder() -> LiveBuilder<T> {
        LiveBuilder::new()
    }

    /// Reads every layer again. If anything is wrong, the settings stay as they are and
    /// [`status`](Self::status) says why.
    ///
    /// When it returns, [`get`](Self::get) gives what was read, and every subscriber has been told, unless another
    /// thread is telling them.
    ///
    /// # Errors
    /// Everything that is wrong, at once; a key that may not change ([`Validate::FIXED`](crate::Validate::FIXED)) too.
    pub fn reload(&self) -> Result<Reload, ConfigErrors> {
        let begun = self.shared.begin();
        let read = self.read();
        self.shared.settle(begun, read)
    }

    /// Settings that the program made from these, in their place, over the same layers. At each reload its own values
    /// stand above all others: those at `keys` (dotted), and those that differ from these now. Nothing is read for it,
    /// and this `Live` stays as it is.
    ///
    /// # Errors
    /// Everything that the settings refuse about themselves, at once.
    pub fn edited(&self, settings: T, keys: &[String]) -> Result<Self, ConfigErrors> {
        let (first, pins) = self.current().edited(settings, keys)?;
        let recipe = Recipe { layers: Arc::clone(&self.shared.recipe.layers), pins };
        Ok(Self::new(recipe, first))
    }

    /// What a reload would put in place.
    pub(crate) fn read(&self) -> Result<Generation<T>, ConfigErrors> {
        let current = self.current();
        let next = self.shared.recipe.read(current.number + 1)?;
        let fixed = fixed(&current, &next);
        ConfigErrors::of(fixed)?;
        Ok(next)
    }
}

impl<T: Settings + Send + Sync + 'static> Live<T> {
    /// Has the files looked at until every `Live` of these settings is gone, by a thread named `sidecar-config`, and
    /// loads them again when they have changed: see [`Watcher`] for how. The second call gives the first one's
    /// thread.
    ///
    /// # Errors
    /// When the system has no room for a thread.
    pub fn watch(&self) -> io::Result<Watch> {
        let mut watching = self.shared.watching.lock();
        if let Some(watch) = watching.as_ref().filter(|watch| watch.is_running()) {
            return Ok(watch.clone());
        }
        let watch = Watch::start(self, Clock::new())?;
        *watching = Some(watch.clone());
        Ok(watch)
    }

    /// What [`watch`](Self::watch) runs, for those who have a thread of their own or a clock for tests.
    pub fn watcher(&self) -> Watcher<T> {
        Watcher::new(self)
    }
}

impl<T> Live<T> {
    pub(crate) fn new(recipe: Recipe<T>, first: Generation<T>) -> Self {
        let first = Arc::new(first);
        let subscribers = Subscribers::new(Arc::clone(&first));
        let shared = Shared {
            recipe,
            current: ArcSwap::new(first),
            book: Mutex::default(),
            subscribers,
            watching: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The settings.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.shared.current.load().settings)
    }

    /// The settings, where they came from, and what there is to tell about them, all of one moment.
    #[must_use]
    pub fn current(&self) -> Arc<Generation<T>> {
        self.shared.current.load_full()
    }

    /// The number of this generation of the settings, counted from 1. A reload that changes no value keeps it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.current.load().number
    }

    /// Every effective key with its value and where it came from.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.shared.current.load().provenance.clone()
    }

    /// What looked like a slip but is no error.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.shared.current.load().warnings.clone()
    }

    /// The files that are read, the weakest first.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.shared.recipe.layers.files
    }

    /// How the reloads went.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.book.lock().status.clone()
    }

    /// Has `subscriber` called with every later generation of the settings, one after the other and on the thread
    /// that reloads. One that lags behind sees the latest alone. It may reload, subscribe and panic.
    ///
    /// `None` when there are [`MAX_SUBSCRIBERS`](crate::MAX_SUBSCRIBERS) already.
    pub fn subscribe(&self, subscriber: impl Fn(&T) + Send + Sync + 'static) -> Option<Subscription> {
        self.shared.subscribers.add(Arc::new(subscriber))
    }

    /// Ends a subscription; a call that has begun goes on to its end. Says whether it was there.
    pub fn unsubscribe(&self, subscription: Subscription) -> bool {
        self.shared.subscribers.remove(subscription)
    }
}

impl<T> Shared<T> {
    pub(crate) fn begin(&self) -> u64 {
        let mut book = self.book.lock();
        book.begun += 1;
        book.begun
    }

    /// Puts what was read in its place, unless a reading that began later, and so saw no older files, was first.
    pub(crate) fn settle(
        &self,
        begun: u64,
        read: Result<Generation<T>, ConfigErrors>,
    ) -> Result<Reload, ConfigErrors> {
        let outcome = match read {
            Ok(next) => self.install(begun, next),
            Err(errors) => {
                let mut book = self.book.lock();
                if book.settles(begun) {
                    book.status.refuse(&errors);
                }
                return Err(errors);
            }
        };
        self.subscribers.deliver();
        Ok(outcome)
    }

    fn install(&self, begun: u64, mut next: Generation<T>) -> Reload {
        // What is dropped may run code of the settings type's: it is held until the book is closed.
        let (current, _unused);
        let mut book = self.book.lock();
        if !book.settles(begun) {
            return Reload::Overtaken;
        }
        current = self.current.load_full();
        let changed = current.keys != next.keys;
        if changed {
            next.number = current.number + 1;
        } else {
            // The lines may have moved: the places are those of the file as it is now.
            next.number = current.number;
            _unused = std::mem::replace(&mut next.settings, Arc::clone(&current.settings));
        }
        let next = Arc::new(next);
        self.current.store(Arc::clone(&next));
        book.status.accept(changed);
        self.subscribers.publish(next);
        if changed { Reload::Changed } else { Reload::Unchanged }
    }
}

impl Book {
    /// Notes the outcome of a reading; whether it stands.
    fn settles(&mut self, begun: u64) -> bool {
        let stands = begun > self.settled;
        self.settled = self.settled.max(begun);
        stands
    }
}

/// An error for each key that may not change and would.
fn fixed<T: Settings>(current: &Generation<T>, next: &Generation<T>) -> Vec<ConfigError> {
    let is_fixed = |path: &[String]| {
        let key = path.join(".");
        let below = |fixed: &str| {
            key.strip_prefix(fixed).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        T::FIXED.iter().any(|fixed| below(fixed))
    };
    let gone = current.keys.keys().filter(|path| !next.keys.contains_key(*path));
    let changed = next.keys.keys().chain(gone).filter(|path| current.keys.get(*path) != next.keys.get(*path));
    let error = |path: &Vec<String>| {
        let shown = |generation: &Generation<T>| {
            generation.keys.get(path).map_or("not set", String::as_str).to_owned()
        };
        let key = path.join(".");
        ConfigError::fixed(origin_of_key(&next.provenance, &key), key, shown(next), &shown(current))
    };
    changed.filter(|path| is_fixed(path)).map(error).collect()
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.current();
        f.debug_struct("Live")
            .field("generation", &current.number)
            .field("settings", &current.settings)
            .finish_non_exhaustive()
    }
}
