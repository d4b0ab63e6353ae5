//! The worker: polls the lanes, runs the handlers, keeps the ledger.

use crate::event::Calendar;
use crate::handlers::Table;
use crate::lane::{Lane, Waiting};
use crate::lanes::Lanes;
use crate::shared::Shared;
use parking_lot::{Condvar, Mutex};
use sidecar_core::panics::contain;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::Thread;
use std::time::{Duration, Instant, SystemTime};

/// Pause between two looks while events come.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// Pause between two looks once none have come for a while.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// From this many events in one pass on, the next pass follows without a pause.
const BUSY: usize = 256;
/// Room that an idle lane keeps. What bursts need beyond it is kept while they come, for a producer that had to make
/// room anew each time would spend more on that than on all else; it is given back once none have come for a while.
const KEPT_CAPACITY: usize = 64;
/// How long a producer that waits for room sleeps before it looks for itself.
const ROOM_CHECK: Duration = Duration::from_millis(5);

thread_local! {
    /// The observer whose worker this thread is, by number plus one; 0 on every other thread.
    static WORKER_OF: Cell<u64> = const { Cell::new(0) };
}

/// How far the worker has come, and who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Passes {
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
    worker: Option<Thread>,
}

impl Passes {
    /// Whether the calling thread is the worker of these lanes.
    pub(crate) fn is_worker(&self, lanes: &Lanes) -> bool {
        WORKER_OF.with(|of| of.get() == lanes.observer() + 1)
    }

    pub(crate) fn set_worker(&self, worker: Thread) {
        self.state.lock().worker = Some(worker);
    }

    /// Waits until a pass that began after this call is complete, or the worker is gone, or it is `deadline`.
    pub(crate) fn wait_for_pass(&self, deadline: Instant) {
        let mut state = self.state.lock();
        let target = state.started + 1;
        state.wake();
        while state.completed < target && !state.exited {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// Waits until the worker is gone, or it is `deadline`.
    pub(crate) fn wait_for_exit(&self, deadline: Instant) {
        let mut state = self.state.lock();
        state.wake();
        while !state.exited {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// Sleeps until there may be room, at most [`ROOM_CHECK`].
    pub(crate) fn wait_for_room(&self) {
        self.state.lock().wake();
        // Relaxed: a missed count costs one ROOM_CHECK, nothing more.
        self.waiting_for_room.fetch_add(1, Relaxed);
        let mut room = self.room_lock.lock();
        let _ = self.room.wait_for(&mut room, ROOM_CHECK);
        self.waiting_for_room.fetch_sub(1, Relaxed);
    }

    fn begin(&self) {
        self.state.lock().started += 1;
    }

    fn complete(&self) {
        let mut state = self.state.lock();
        state.completed = state.started;
        self.changed.notify_all();
    }

    fn exit(&self) {
        self.state.lock().exited = true;
        self.changed.notify_all();
        self.room.notify_all();
    }
}

impl PassState {
    fn wake(&self) {
        if let Some(worker) = &self.worker {
            worker.unpark();
        }
    }
}

/// The worker thread's whole life.
pub(crate) fn run(shared: &Shared) {
    WORKER_OF.with(|of| of.set(shared.lanes.observer() + 1));
    let mut lanes = vec![Arc::clone(shared.lanes.shared())];
    let mut batch = VecDeque::new();
    // Foreign code is contained where it is called; should anything else panic, polling goes on all the same.
    while contain(|| poll(shared, &mut lanes, &mut batch)).is_err() && !shared.is_forked() {}
    if shared.is_forked() {
        return;
    }
    lanes.extend(shared.lanes.finish());
    for lane in &lanes {
        lane.finish_into(&mut batch);
        let _ = contain(|| handle_all(shared, &mut batch));
        if shared.is_forked() {
            return;
        }
    }
    // Handlers often hold a handle of their own observer; nobody will call them any more.
    shared.handlers.clear();
    shared.passes.exit();
}

/// Looks into the lanes again and again, until the observer is stopping and has been looked through once more.
fn poll(shared: &Shared, lanes: &mut Vec<Arc<Lane>>, batch: &mut VecDeque<Waiting>) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let stopping = shared.is_stopping();
        shared.passes.begin();
        lanes.extend(shared.lanes.take_new());
        let handled = pass(shared, lanes, batch);
        shared.passes.complete();
        if stopping {
            return;
        }
        pause = if handled > 0 { SHORTEST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        if pause == LONGEST_PAUSE {
            lanes.iter().for_each(|lane| lane.give_back(KEPT_CAPACITY));
            batch.shrink_to(KEPT_CAPACITY);
        }
        if handled < BUSY {
            std::thread::park_timeout(pause);
        }
    }
}

/// Handles what is in the lanes now, and lets go of lanes whose threads have ended.
fn pass(shared: &Shared, lanes: &mut Vec<Arc<Lane>>, batch: &mut VecDeque<Waiting>) -> usize {
    let (mut handled, mut ended) = (0, Vec::new());
    lanes.retain(|lane| {
        let done = lane.drain_into(batch);
        handled += handle_all(shared, batch);
        if done {
            ended.push(Arc::clone(lane));
        }
        !done
    });
    shared.lanes.forget(&ended, &shared.ledger);
    handled
}

fn handle_all(shared: &Shared, batch: &mut VecDeque<Waiting>) -> usize {
    if batch.is_empty() {
        return 0;
    }
    let handlers = shared.handlers.table();
    let calendar = Calendar { nanos: shared.clock.now(), wall: SystemTime::now() };
    let mut handled = 0;
    while let Some(mut waiting) = batch.pop_front() {
        waiting.event.date(calendar);
        handle(shared, &handlers, waiting);
        handled += 1;
    }
    // A handler that was removed meanwhile has its last owner here, and its drop is foreign code.
    let _ = contain(|| drop(handlers));
    handled
}

fn handle(shared: &Shared, handlers: &Table, waiting: Waiting) {
    let mut failed = false;
    for handler in handlers.of(waiting.event.event_type()) {
        if let Err(message) = contain(|| handler(&waiting.event)) {
            failed = true;
            let errors = shared.errors.fetch_add(1, Relaxed) + 1;
            tell(errors, waiting.event.event_type(), &message);
        }
        if shared.is_forked() {
            // The handler has forked, and this is the child: what waits is the parent's. Ends the thread from here,
            // past every lock that is waited for on the way; not a panic, so nobody is told.
            resume_unwind(Box::new("the handler has forked"));
        }
    }
    let row = shared.ledger.row(waiting.id);
    if failed {
        row.failed();
    } else {
        row.processed();
    }
    let elapsed = shared.clock.now().saturating_sub(waiting.since);
    shared.latency_ms.record(elapsed as f64 / 1e6);
    let bytes = waiting.bytes;
    // An event's last owner runs its drop here, so its memory is gone before its credit returns.
    drop(waiting);
    shared.credits.give_back(bytes);
    let passes = &shared.passes;
    if passes.waiting_for_room.load(Relaxed) > 0 && shared.credits.items() <= shared.credits.max_items() / 2 {
        passes.room.notify_all();
    }
}

/// Reports a handler's panic, at counts that double, so that a handler that always panics is no flood.
fn tell(errors: u64, event_type: &str, message: &str) {
    if errors.is_power_of_two() {
        // A subscriber is foreign code too: it must not end the worker.
        let _ = contain(|| tracing::warn!(event_type, errors, "a handler panicked: {message}"));
    }
}
