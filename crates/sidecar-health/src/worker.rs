//! Where checks run: each on its one thread, or as a task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;
use sidecar_core::panics::contain;
use sidecar_core::threads;

use crate::contained::Contained;
use crate::outcome::CheckOutcome;

/// A check in the form in which it is kept.
pub(crate) type BoxedCheck = Contained<Box<dyn FnMut() -> CheckOutcome + Send>>;

/// Most threads that run checks, and most tasks that do, those included that hang and belong to a component no
/// longer there.
pub const MAX_THREADS: usize = 256;

/// What is to be done once the lock of the table has been given back.
pub(crate) type Deferred = Box<dyn FnOnce() + Send>;

/// How a run ended.
pub(crate) enum Ended {
    Answered(CheckOutcome),
    /// With the message.
    Panicked(String),
    /// Over its timeout, a task was told to stop, and did.
    #[cfg(feature = "tokio")]
    Cancelled,
    /// The runtime dropped the task.
    #[cfg(feature = "tokio")]
    Lost,
}

/// A check's home, of either kind.
pub(crate) enum Runner {
    Thread(Worker),
    #[cfg(feature = "tokio")]
    Tasks(crate::task::Tasks),
}

impl Runner {
    /// Cancels the run in flight, once what is returned is called. A thread cannot be told to stop.
    pub(crate) fn cancel(&mut self) -> Option<Deferred> {
        match self {
            Self::Thread(_) => None,
            #[cfg(feature = "tokio")]
            Self::Tasks(tasks) => tasks.cancel(),
        }
    }
}

/// Counts the threads, or the tasks, of one kind that are alive.
#[derive(Debug, Default)]
pub(crate) struct Places(AtomicUsize);

impl Places {
    pub(crate) fn alive(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A place, if fewer than `limit` are taken.
    pub(crate) fn admit(self: &Arc<Self>, limit: usize) -> Option<Place> {
        self.0
            .try_update(Ordering::SeqCst, Ordering::SeqCst, |alive| (alive < limit).then_some(alive + 1))
            .ok()?;
        Some(Place(Arc::clone(self)))
    }
}

/// A place, given back when the thread or the task ends, however it ends.
pub(crate) struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A check's home: on a shelf until its first run, then on its thread. Once the worker is dropped no run
/// begins, not even one that was asked for, and the thread ends; one that hangs is left behind and ends if it
/// ever returns.
pub(crate) struct Worker {
    shelf: Arc<Shelf>,
    runs: Option<SyncSender<()>>,
}

impl Worker {
    pub(crate) fn new(check: BoxedCheck) -> Self {
        let shelf = Shelf { check: Mutex::new(Some(check)), cancelled: AtomicBool::new(false) };
        Self { shelf: Arc::new(shelf), runs: None }
    }

    /// Has the check run once. `report` is told each result, on the check's thread; it is used when the
    /// thread is started, and again for every later run.
    ///
    /// # Errors
    /// Why no run could begin.
    pub(crate) fn run(
        &mut self,
        threads: &Arc<Places>,
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

    fn start(&self, threads: &Arc<Places>, report: Report) -> Result<SyncSender<()>, String> {
        let place = threads
            .admit(MAX_THREADS)
            .ok_or_else(|| format!("no thread for this check: all {MAX_THREADS} are taken"))?;
        let (runs, requests) = sync_channel(1);
        let shelf = Arc::clone(&self.shelf);
        threads::spawn("check", move || work(&shelf, &requests, report, place))
            .map_err(|error| format!("no thread for this check: {error}"))?;
        Ok(runs)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shelf.cancelled.store(true, Ordering::SeqCst);
    }
}

/// What is told of each run.
pub(crate) type Report = Box<dyn Fn(Ended) + Send>;

fn work(shelf: &Shelf, requests: &Receiver<()>, report: Report, place: Place) {
    let Some(mut check) = shelf.check.lock().take() else { return };
    // A run that was asked for outlives the sender, so the end of the requests is not enough.
    while requests.recv().is_ok() && !shelf.cancelled.load(Ordering::SeqCst) {
        report(contain(&mut *check).map_or_else(Ended::Panicked, Ended::Answered));
    }
    drop(check);
    drop(place);
}

/// Where a check lies until its thread takes it, and what the thread still learns of its worker.
struct Shelf {
    check: Mutex<Option<BoxedCheck>>,
    /// The worker is gone.
    cancelled: AtomicBool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_run_that_was_asked_for_does_not_begin_after_the_worker_was_dropped() {
        let threads = Arc::new(Places::default());
        let mut worker = Worker::new(BoxedCheck::new(Box::new(CheckOutcome::healthy)));
        let (results, result) = channel();
        let (go_on, gate) = channel::<()>();
        let report: Report = Box::new(move |_| {
            results.send(()).expect("the test listens");
            // An error once the gate is open.
            let _ = gate.recv();
        });
        worker.run(&threads, || report).expect("a thread");
        assert_eq!(result.recv(), Ok(()), "the first run is over, and its thread busy");
        worker.run(&threads, || unreachable!("there is a thread already")).expect("there is room");
        drop(worker);
        drop(go_on);
        assert!(result.recv().is_err(), "the thread ended without a second run");
    }
}
