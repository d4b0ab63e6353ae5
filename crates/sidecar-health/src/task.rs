//! An asynchronous check: each run is a task on the application's runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use sidecar_core::panics::contain;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::contained::Contained;
use crate::outcome::CheckOutcome;
use crate::worker::{Deferred, Ended, MAX_THREADS, Place, Places};

/// One run.
pub(crate) type BoxedRun = Pin<Box<dyn Future<Output = CheckOutcome> + Send>>;

/// An asynchronous check in the form in which it is kept.
pub(crate) type BoxedAsync = Contained<Box<dyn FnMut() -> BoxedRun + Send>>;

/// An asynchronous check's home. Once it is dropped, a run in flight is cancelled.
pub(crate) struct Tasks {
    runtime: Handle,
    shelf: Arc<Shelf>,
    /// Cancels the run in flight when dropped.
    cancel: Option<oneshot::Sender<()>>,
}

/// Where the check lies between two runs.
type Shelf = Mutex<Option<BoxedAsync>>;

impl Tasks {
    pub(crate) fn new(check: BoxedAsync, runtime: Handle) -> Self {
        Self { runtime, shelf: Arc::new(Mutex::new(Some(check))), cancel: None }
    }

    /// Has the check run once. `report` is told the result, on the runtime or where that shuts down. What is
    /// returned spawns the task, which may run it, drop it or report at once.
    ///
    /// # Errors
    /// Why no run could begin.
    pub(crate) fn run(
        &mut self,
        places: &Arc<Places>,
        report: Box<dyn FnOnce(Ended) + Send>,
    ) -> Result<Deferred, String> {
        let place = places
            .admit(MAX_THREADS)
            .ok_or_else(|| format!("no task for this check: all {MAX_THREADS} are taken"))?;
        let (cancel, cancelled) = oneshot::channel();
        self.cancel = Some(cancel);
        let shelf = Arc::clone(&self.shelf);
        let run = Run { shelf, run: None, cancelled, report: Some(report), _place: place };
        let runtime = self.runtime.clone();
        Ok(Box::new(move || drop(runtime.spawn(run))))
    }

    /// Cancels the run in flight, if what is returned is called. It ends when it is polled again: one that blocks
    /// its thread goes on.
    pub(crate) fn cancel(&mut self) -> Option<Deferred> {
        let cancel = self.cancel.take()?;
        Some(Box::new(move || drop(cancel)))
    }
}

/// The task of one run. It reports once, whatever happens to it.
struct Run {
    shelf: Arc<Shelf>,
    /// None before the first poll, and once it is over.
    run: Option<BoxedRun>,
    cancelled: oneshot::Receiver<()>,
    /// None once it has been used.
    report: Option<Box<dyn FnOnce(Ended) + Send>>,
    _place: Place,
}

impl Run {
    /// Calls the check, which is back on its shelf when this returns, panic or not.
    fn begin(&mut self) -> Result<(), Ended> {
        let taken = self.shelf.lock().take();
        let Some(mut check) = taken else { return Err(Ended::Lost) };
        let run = contain(&mut *check);
        *self.shelf.lock() = Some(check);
        self.run = Some(run.map_err(Ended::Panicked)?);
        Ok(())
    }

    fn advance(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        // Told, or the sender is gone.
        if Pin::new(&mut self.cancelled).poll(context).is_ready() {
            return Poll::Ready(Ended::Cancelled);
        }
        if self.run.is_none()
            && let Err(ended) = self.begin()
        {
            return Poll::Ready(ended);
        }
        let Some(run) = &mut self.run else { return Poll::Ready(Ended::Lost) };
        match contain(|| run.as_mut().poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => Poll::Ready(Ended::Answered(outcome)),
            Err(message) => Poll::Ready(Ended::Panicked(message)),
        }
    }

    /// Drops the future before it tells, so that a panic in that is told too.
    fn end(&mut self, ended: Ended) {
        let Some(report) = self.report.take() else { return };
        let run = self.run.take();
        report(match contain(move || drop(run)) {
            Err(message) if !matches!(ended, Ended::Panicked(_)) => Ended::Panicked(message),
            _ => ended,
        });
    }
}

impl Future for Run {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let run = self.get_mut();
        match run.advance(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(ended) => {
                run.end(ended);
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end(Ended::Lost);
    }
}
