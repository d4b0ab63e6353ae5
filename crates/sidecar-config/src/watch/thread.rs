//! The thread that watches.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use std::thread::Thread;
use std::time::Duration;

use sidecar_core::{Clock, panics, threads};

use crate::live::Live;
use crate::validate::Settings;

/// The thread that watches the files of a [`Live`]. Clones share it; dropping it does not stop it.
#[derive(Clone)]
pub struct Watch {
    control: Arc<Control>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Control {
    stopping: AtomicBool,
    ended: AtomicBool,
}

/// Notes the end however it comes.
struct Ended(Arc<Control>);

impl Drop for Ended {
    fn drop(&mut self) {
        // Release pairs with the Acquire of `is_running`.
        self.0.ended.store(true, Release);
    }
}

impl Watch {
    pub(crate) fn start<T: Settings + Send + Sync + 'static>(
        live: &Live<T>,
        clock: Clock,
    ) -> io::Result<Self> {
        let control = Arc::new(Control::default());
        let mut watcher = live.watcher();
        let own = Ended(Arc::clone(&control));
        let handle = threads::spawn("config", move || {
            // Acquire pairs with the Release of `stop`.
            while !own.0.stopping.load(Acquire) {
                let now = clock.now();
                // A settings type that panics loses that look; the next one comes all the same.
                let next = panics::contain(|| watcher.tick(now)).unwrap_or(Some(now));
                let Some(next) = next else { break };
                let sleep = Duration::from_nanos(next.saturating_sub(clock.now()));
                std::thread::park_timeout(sleep.clamp(super::LOOK_AGAIN, super::LOOK_EVERY));
            }
        })?;
        Ok(Self { control, thread: handle.thread().clone() })
    }

    /// Stops looking. A load that has begun goes on to its end; this does not wait for it.
    pub fn stop(&self) {
        self.control.stopping.store(true, Release);
        self.thread.unpark();
    }

    /// Whether it goes on looking.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !(self.control.stopping.load(Acquire) || self.control.ended.load(Acquire))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("running", &self.is_running()).finish_non_exhaustive()
    }
}
