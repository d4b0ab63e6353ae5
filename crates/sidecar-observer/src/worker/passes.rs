//! How far the worker has come, and who waits for it.

use arc_swap::ArcSwapOption;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long a producer that waits for room sleeps before it looks for itself.
const ROOM_CHECK: Duration = Duration::from_millis(5);

/// Passes through the lanes, each by whoever is the worker then.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    /// Read without a lock: producers wake it.
    worker: ArcSwapOption<Thread>,
    state: Mutex<PassState>,
    changed: Condvar,
    room_lock: Mutex<()>,
    room: Condvar,
    waiting_for_room: AtomicUsize,
}

#[derive(Debug, Default)]
struct PassState {
    started: u64,
    completed: u64,
    exited: bool,
    watcher: Option<Thread>,
}

impl Passes {
    pub(crate) fn set_worker(&self, worker: Thread) {
        self.worker.store(Some(Arc::new(worker)));
    }

    /// Ends the worker's pause, or its next one if it is at work. Takes no lock; where the worker pauses it is a system
    /// call.
    pub(crate) fn wake(&self) {
        if let Some(worker) = &*self.worker.load() {
            worker.unpark();
        }
    }

    /// Whom to wake when the worker is gone. `false`: it is gone already.
    pub(crate) fn set_watcher(&self, watcher: Thread) -> bool {
        let mut state = self.state.lock();
        state.watcher = Some(watcher);
        !state.exited
    }

    pub(crate) fn has_exited(&self) -> bool {
        self.state.lock().exited
    }

    /// Waits until a pass that began after this call is complete, or the worker is gone, or it is `deadline`.
    pub(crate) fn wait_for_pass(&self, deadline: Instant) {
        let mut state = self.state.lock();
        let target = state.started + 1;
        self.wake();
        while state.completed < target && !state.exited {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// Waits until the worker is gone, or it is `deadline`.
    pub(crate) fn wait_for_exit(&self, deadline: Instant) {
        let mut state = self.state.lock();
        self.wake();
        while !state.exited {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// Sleeps until there may be room, at most [`ROOM_CHECK`].
    pub(crate) fn wait_for_room(&self) {
        self.wake();
        // Relaxed: a missed count costs one ROOM_CHECK, nothing more.
        self.waiting_for_room.fetch_add(1, Relaxed);
        let mut room = self.room_lock.lock();
        let _ = self.room.wait_for(&mut room, ROOM_CHECK);
        self.waiting_for_room.fetch_sub(1, Relaxed);
    }

    pub(crate) fn is_room_wanted(&self) -> bool {
        self.waiting_for_room.load(Relaxed) > 0
    }

    pub(crate) fn room_made(&self) {
        self.room.notify_all();
    }

    pub(super) fn begin(&self) {
        self.state.lock().started += 1;
    }

    pub(super) fn complete(&self) {
        let mut state = self.state.lock();
        state.completed = state.started;
        self.changed.notify_all();
    }

    pub(super) fn exit(&self) {
        let mut state = self.state.lock();
        state.exited = true;
        if let Some(watcher) = &state.watcher {
            watcher.unpark();
        }
        self.changed.notify_all();
        self.room.notify_all();
    }
}
