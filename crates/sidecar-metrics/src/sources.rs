//! The registered sources, and running them safely.

use crate::families::Family;
use crate::misuse::Misuse;
use crate::source::SourceOutput;
use parking_lot::RwLock;
use sidecar_core::panics;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Most sources of a collector.
pub const MAX_SOURCES: usize = 256;

type Source = dyn Fn(&mut SourceOutput) + Send + Sync;

/// The sources of one collector, in the order of their registration.
#[derive(Default)]
pub(crate) struct Sources {
    list: RwLock<Vec<Arc<Source>>>,
}

impl Sources {
    pub(crate) fn add(&self, source: Arc<Source>, misuse: &Misuse) {
        let mut list = self.list.write();
        if list.len() < MAX_SOURCES {
            list.push(source);
            return;
        }
        // The refused source is dropped, and the subscriber told, without the lock: both are foreign code.
        drop(list);
        misuse.count(format_args!("a collector has at most {MAX_SOURCES} sources"));
    }

    /// Runs every source, without a lock. One that panics loses what it wrote, and the others lose nothing.
    pub(crate) fn pull(&self, misuse: &Arc<Misuse>) -> Vec<Family> {
        let list = self.list.read().clone();
        if list.is_empty() {
            return Vec::new();
        }
        let Some(_pulling) = Pulling::begin(self) else {
            misuse.count("a source asked for the metrics that it is a source of");
            return Vec::new();
        };
        let run = |source: &Arc<Source>| {
            let pulled = panics::contain(|| {
                let mut out = SourceOutput::new(Arc::clone(misuse));
                source(&mut out);
                out.into_families()
            });
            pulled.unwrap_or_else(|message| {
                misuse.count(format_args!("a source panicked: {message}"));
                Vec::new()
            })
        };
        list.iter().flat_map(run).collect()
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

thread_local! {
    /// The collectors whose sources run on this thread, by address.
    static PULLED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Marks a collector as being pulled on this thread, so that a source which exports its own collector ends
/// there instead of in a stack overflow. Sources of several collectors may nest.
struct Pulling(usize);

impl Pulling {
    fn begin(sources: &Sources) -> Option<Self> {
        let address = std::ptr::from_ref(sources).addr();
        let begun = PULLED.try_with(|pulled| {
            let mut pulled = pulled.borrow_mut();
            let new = !pulled.contains(&address);
            if new {
                pulled.push(address);
            }
            new
        });
        // A thread whose locals are gone cannot be guarded, so it gets the registered metrics alone. The guard is
        // made only where its mark was: dropping one unmade would take the mark of the reading around this.
        begun.unwrap_or(false).then(|| Self(address))
    }
}

impl Drop for Pulling {
    fn drop(&mut self) {
        let _ = PULLED.try_with(|pulled| pulled.borrow_mut().retain(|address| *address != self.0));
    }
}
