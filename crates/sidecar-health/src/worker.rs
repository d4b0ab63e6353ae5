//! The one thread on which a component's check runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;
use sidecar_core::panics::contain;
use sidecar_core::threads;

use crate::outcome::CheckOutcome;

/// A check in the form in which it is kept.
pub(crate) type BoxedCheck = Box<dyn FnMut() -> CheckOutcome + Send>;

/// Most threads that run checks, those included that hang and belong to a component no longer there.
pub const MAX_THREADS: usize = 256;

/// Counts the threads that are alive.
#[derive(Debug, Default)]
pub(crate) struct Threads(AtomicUsize);

impl Threads {
    pub(crate) fn alive(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn admit(self: &Arc<Self>) -> Option<Place> {
        self.0
            .try_update(Ordering::SeqCst, Ordering::SeqCst, |alive| {
                (alive < MAX_THREADS).then_some(alive + 1)
            })
            .ok()?;
        Some(Place(Arc::clone(self)))
    }
}

/// A thread's place among [`MAX_THREADS`], given back when the thread ends, however it ends.
struct Place(Arc<Threads>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A check's home: on a shelf until its first run, then on its thread. Dropping the worker ends the thread
/// once it is idle; one that hangs is left behind and ends if it ever returns.
pub(crate) struct Worker {
    shelf: Arc<Shelf>,
    runs: Option<SyncSender<()>>,
}

impl Worker {
    pub(crate) fn new(check: BoxedCheck) -> Self {
        Self { shelf: Arc::new(Shelf(Mutex::new(Some(check)))), runs: None }
    }

    /// Has the check run once. `report` is told each result, on the check's thread; it is used when the
    /// thread is started, and again for every later run.
    ///
    /// # Errors
    /// Why no run could begin.
    pub(crate) fn run(
        &mut self,
        threads: &Arc<Threads>,
        report: impl FnOnce() -> Report,
    ) -> Result<(), String> {
        let runs = match self.runs.take() {
            Some(runs) => runs,
            None => self.start(threads, report())?,
        };
        // There is room: the caller never asks for a run while another is in flight.
        runs.try_send(()).map_err(|error| format!("the check's thread takes no run: {error}"))?;
        self.runs = Some(runs);
        Ok(())
    }

    fn start(&self, threads: &Arc<Threads>, report: Report) -> Result<SyncSender<()>, String> {
        let place = threads
            .admit()
            .ok_or_else(|| format!("no thread for this check: all {MAX_THREADS} are taken"))?;
        let (runs, requests) = sync_channel(1);
        let shelf = Arc::clone(&self.shelf);
        threads::spawn("check", move || work(&shelf, &requests, report, place))
            .map_err(|error| format!("no thread for this check: {error}"))?;
        Ok(runs)
    }
}

/// What is told of each run: the outcome, or the message of a panic.
pub(crate) type Report = Box<dyn Fn(Result<CheckOutcome, String>) + Send>;

fn work(shelf: &Shelf, requests: &Receiver<()>, report: Report, place: Place) {
    let Some(mut check) = shelf.0.lock().take() else { return };
    while requests.recv().is_ok() {
        report(contain(&mut check));
    }
    drop_contained(check);
    drop(place);
}

/// Where a check lies until its thread takes it.
struct Shelf(Mutex<Option<BoxedCheck>>);

impl Drop for Shelf {
    fn drop(&mut self) {
        if let Some(check) = self.0.get_mut().take() {
            drop_contained(check);
        }
    }
}

/// What a check captured is the application's, and may panic when dropped.
fn drop_contained(check: BoxedCheck) {
    // The message has no reader: the component is gone.
    let _ = contain(move || drop(check));
}
