//! The worker: polls the lanes, runs the handlers, keeps the ledger.
//!
//! A handler that does not return is left behind with its thread, and a replacement takes over. What a replacement
//! needs is therefore never the worker's alone: events that have left their lane are in the [`Hand`], lanes are
//! listed in [`Lanes`], and [`Calls`](calls::Calls) decides which thread is the worker.

mod batch;
pub(crate) mod calls;
pub(crate) mod hand;
mod pace;
pub(crate) mod passes;
pub(crate) mod watch;

use crate::event::{Calendar, Event};
use crate::handlers::{Entry, MAX_HANDLERS};
use crate::lane::{Lane, Waiting};
use crate::lanes::Lanes;
use crate::shared::Shared;
use batch::{Most, Spare};
use calls::{Call, Idle};
use hand::Current;
use pace::Pace;
use sidecar_core::panics::contain;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

/// Room that an idle lane keeps. What bursts need beyond it is kept while they come, for a producer that had to make
/// room anew each time would spend more on that than on all else; it is given back once none have come for a while.
const KEPT_CAPACITY: usize = 64;
/// The place of calls that belong to no event: drops of handlers.
const ELSEWHERE: usize = 0;
/// Added to a handler's place, that of telling the log about it: what hangs there is not the handler.
const TELLING: usize = calls::PLACES / 2;
const _: () = assert!(MAX_HANDLERS < TELLING, "each handler has two places");

thread_local! {
    /// The observer whose worker this thread is or was, by number plus one; 0 on every other thread.
    static WORKER_OF: Cell<u64> = const { Cell::new(0) };
}

/// Whether the calling thread is the worker of these lanes, or was until it was left behind.
pub(crate) fn is_worker(lanes: &Lanes) -> bool {
    WORKER_OF.with(|of| of.get() == lanes.observer() + 1)
}

/// The first worker's whole life.
pub(crate) fn run(shared: &Shared, idle: Idle) {
    let lanes = vec![Arc::clone(shared.lanes.shared())];
    Worker::new(shared, idle, lanes).live(None);
}

/// A replacement's whole life, if the `call` still has not returned. Its event is finished first.
pub(crate) fn take_over(shared: &Shared, call: Call) {
    // Before the thread that is left behind can count itself out.
    shared.left_behind.fetch_add(1, Relaxed);
    let Some(idle) = shared.calls.end(call) else {
        shared.left_behind.fetch_sub(1, Relaxed);
        return;
    };
    shared.passes.set_worker(std::thread::current());
    let lanes = shared.lanes.take_all();
    Worker::new(shared, idle, lanes).live(Some(call.place()));
}

/// This thread is the worker no more, or in a forked child: it touches nothing, and ends.
struct LeftBehind;

/// How far the worker had come with the present event that was left behind or has failed before this one.
#[derive(Default)]
struct Resumed {
    /// Handlers that have been called.
    done: usize,
    failed: bool,
}

struct Worker<'a> {
    shared: &'a Shared,
    idle: Idle,
    lanes: Vec<Arc<Lane>>,
    /// Holds events while their handlers are called; empty in between.
    spare: Spare,
    is_left_behind: bool,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared, idle: Idle, lanes: Vec<Arc<Lane>>) -> Self {
        WORKER_OF.with(|of| of.set(shared.lanes.observer() + 1));
        Self { shared, idle, lanes, spare: Spare::default(), is_left_behind: false }
    }

    fn live(mut self, mut hung_at: Option<usize>) {
        // Foreign code is contained where it is called; should anything else panic, the work goes on all the same.
        while contain(|| self.work(hung_at.take())).is_err() && !self.is_left_behind {
            hung_at = Some(ELSEWHERE);
        }
        if self.is_left_behind {
            self.shared.left_behind.fetch_sub(1, Relaxed);
        } else {
            self.shared.passes.exit();
        }
    }

    fn work(&mut self, hung_at: Option<usize>) -> Result<(), LeftBehind> {
        if let Some(place) = hung_at {
            self.resume(place)?;
        }
        self.poll()?;
        self.lanes.extend(self.shared.lanes.finish());
        for lane in std::mem::take(&mut self.lanes) {
            self.shared.hand.finish(&lane);
            self.handle_rest()?;
        }
        // Handlers often hold a handle of their own observer; nobody will call them any more.
        self.call(ELSEWHERE, || self.shared.handlers.finish()).map(drop)
    }

    /// Looks into the lanes again and again, until the observer is stopping and has been looked through once more.
    fn poll(&mut self) -> Result<(), LeftBehind> {
        let shared = self.shared;
        let mut pace = Pace::default();
        loop {
            let stopping = shared.is_stopping();
            shared.passes.begin();
            self.lanes.extend(shared.lanes.take_new());
            let handled = self.pass(pace.is_idle())?;
            shared.passes.complete();
            if stopping {
                return Ok(());
            }
            pace.note(handled);
            // Whoever has made the queue fill before this look came to it wakes nobody again.
            if handled == 0 || !shared.credits.is_filling() {
                std::thread::park_timeout(pace.pause());
            }
        }
    }

    /// Handles what is in the lanes now, and lets go of lanes whose threads have ended; when it is idle, of room too.
    fn pass(&mut self, is_idle: bool) -> Result<usize, LeftBehind> {
        // What a worker that was left behind had not come to is older than what is in the lanes.
        let mut handled = self.handle_rest()?;
        let mut ended = Vec::new();
        for index in 0..self.lanes.len() {
            if is_idle {
                // What the lane goes on with. In the lane itself its lock would be held, and an event that came then
                // would go by way of the shared lane and overtake those that are in this one.
                self.shared.hand.give_back(KEPT_CAPACITY);
            }
            let done = self.shared.hand.drain(&self.lanes[index]);
            handled += self.handle_rest()?;
            if done {
                ended.push(Arc::clone(&self.lanes[index]));
            }
        }
        if !ended.is_empty() {
            self.lanes.retain(|lane| !ended.iter().any(|gone| Arc::ptr_eq(gone, lane)));
            self.shared.lanes.forget(&ended, &self.shared.ledger);
        }
        Ok(handled)
    }

    /// Handles what has left the lanes.
    fn handle_rest(&mut self) -> Result<usize, LeftBehind> {
        let shared = self.shared;
        if !shared.hand.has_rest() {
            return Ok(0);
        }
        let handlers = shared.handlers.table();
        let calendar = Calendar { nanos: shared.clock.now(), wall: SystemTime::now() };
        let mut handled = 0;
        while let Some(current) =
            shared.hand.next(&handlers, calendar, Most::of(&shared.credits), &mut self.spare)
        {
            handled += current.batch.size().0;
            self.handle(current, Resumed::default())?;
        }
        // A handler that was removed meanwhile has its last owner here, and its drop is foreign code.
        self.call(ELSEWHERE, || drop(handlers)).map(|_| handled)
    }

    /// Calls the handlers of the events that are not noted yet, and settles all. Somebody else holds the handlers too.
    fn handle(&mut self, current: Current, mut resumed: Resumed) -> Result<(), LeftBehind> {
        let shared = self.shared;
        let Current { batch, handlers } = current;
        let mut finder = handlers.finder();
        while let Some(waiting) = batch.present() {
            let Resumed { done, mut failed } = std::mem::take(&mut resumed);
            let entries = finder.of(waiting.id, waiting.event.event_type());
            for (index, entry) in entries.enumerate().skip(done) {
                failed |= !self.offer(entry, index + 1, &waiting.event)?;
            }
            note(shared, waiting, failed);
            batch.advance();
        }
        shared.hand.let_go();
        let (events, bytes) = batch.size();
        // Their memory is gone before their credits return.
        self.spare.take_back(batch);
        give_back(shared, events, bytes);
        Ok(())
    }

    /// Calls a handler, unless it is suspended or refused. `false`: the event counts as failed.
    fn offer(&mut self, entry: &Entry, place: usize, event: &Event) -> Result<bool, LeftBehind> {
        let shared = self.shared;
        if !entry.record.may_run(|| shared.clock.now()) {
            shared.skipped.fetch_add(1, Relaxed);
            return Ok(false);
        }
        // Noted by who still is the worker: for a call that was left behind, its replacement has done so.
        match self.call(place, || (entry.handler)(event))? {
            Ok(()) => {
                entry.record.returned();
                Ok(true)
            }
            Err(message) => {
                self.panicked(entry, place, event.event_type(), &message)?;
                Ok(false)
            }
        }
    }

    /// Counts a handler's panic. It is told at counts that double, so that a handler that always panics is no flood.
    fn panicked(
        &mut self,
        entry: &Entry,
        place: usize,
        event_type: &str,
        message: &str,
    ) -> Result<(), LeftBehind> {
        let shared = self.shared;
        let errors = shared.errors.fetch_add(1, Relaxed) + 1;
        let is_suspended = entry.record.panicked(&shared.limits(), shared.clock.now());
        if !errors.is_power_of_two() && !is_suspended {
            return Ok(());
        }
        self.tell(place, || tracing::warn!(event_type, errors, is_suspended, "a handler panicked: {message}"))
    }

    /// Finishes the events that were in hand when a worker was left behind at this place, or failed.
    fn resume(&mut self, place: usize) -> Result<(), LeftBehind> {
        let Some(current) = self.shared.hand.current() else {
            return Ok(());
        };
        let handlers = Arc::clone(&current.handlers);
        let done = match place % TELLING {
            // It failed by itself: how far it had come is not known, and no further handler is called.
            ELSEWHERE => usize::MAX,
            done => done,
        };
        if place == done {
            self.hung(&current, place)?;
        }
        self.handle(current, Resumed { done, failed: true })?;
        self.call(ELSEWHERE, || drop(handlers)).map(drop)
    }

    /// Counts a handler's call that did not return.
    fn hung(&mut self, current: &Current, place: usize) -> Result<(), LeftBehind> {
        let Some(waiting) = current.batch.present() else {
            return Ok(());
        };
        let event_type = waiting.event.event_type();
        let Some(entry) = current.handlers.finder().of(waiting.id, event_type).nth(place - 1) else {
            return Ok(());
        };
        self.shared.errors.fetch_add(1, Relaxed);
        let is_refused = entry.record.hung();
        self.tell(place, || {
            tracing::warn!(
                event_type,
                is_refused,
                "a handler did not return in time; its thread is left behind"
            );
        })
    }

    /// Tells the log about the handler at a place. Not while an earlier message has not returned: a log that hangs
    /// would hold one thread after the other.
    fn tell(&mut self, place: usize, f: impl FnOnce()) -> Result<(), LeftBehind> {
        let shared = self.shared;
        // Relaxed, as below: it stands for itself.
        if shared.is_telling.swap(true, Relaxed) {
            return Ok(());
        }
        self.call(TELLING + place, || {
            let _ = contain(f);
            shared.is_telling.store(false, Relaxed);
        })
        .map(drop)
    }

    /// Runs foreign code where the watch sees it. A panic is contained.
    fn call<R>(&mut self, place: usize, f: impl FnOnce() -> R) -> Result<Result<R, String>, LeftBehind> {
        let call = self.shared.calls.begin(self.idle, place);
        let returned = contain(f);
        // Where the call has forked and this is the child, what waits is the parent's.
        match self.shared.calls.end(call).filter(|_| !self.shared.is_forked()) {
            Some(idle) => {
                self.idle = idle;
                Ok(returned)
            }
            None => {
                self.is_left_behind = true;
                Err(LeftBehind)
            }
        }
    }
}

/// Notes how long an event took, and what became of it.
fn note(shared: &Shared, waiting: &Waiting, failed: bool) {
    let elapsed = shared.clock.now().saturating_sub(waiting.since);
    shared.latency_ms.record(elapsed as f64 / 1e6);
    let row = shared.ledger.row(waiting.id);
    if failed {
        row.failed();
    } else {
        row.processed();
    }
}

fn give_back(shared: &Shared, events: usize, bytes: usize) {
    shared.credits.give_back(events, bytes);
    if shared.passes.is_room_wanted() && shared.credits.items() <= shared.credits.max_items() / 2 {
        shared.passes.room_made();
    }
}
