//! One operation: what callers hold to measure it.

use crate::Completion;
use crate::book::{Book, Sum};
use crate::cells::{Cells, Polled, edges};
use crate::figures::{Figures, OperationMetrics};
use crate::run::{Run, Timer};
use parking_lot::Mutex;
use sidecar_core::histogram::FixedSnapshot;
use sidecar_core::probability::ONE;
use sidecar_core::{Clock, clock};
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

/// What the operations of one monitor share.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) slice_nanos: u64,
    pub(crate) enabled: AtomicBool,
    /// A draw below this has the duration recorded.
    pub(crate) threshold: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Meter {
    name: Arc<str>,
    common: Arc<Common>,
    cells: Cells,
    in_flight: AtomicU64,
    /// When the book's current slice began.
    slice_start: AtomicU64,
    book: Mutex<Book>,
}

/// A handle to one operation. Clones share it. To be kept where the operation is measured: finding it by its name again
/// takes a lock.
#[derive(Clone)]
pub struct Operation {
    pub(crate) meter: Arc<Meter>,
}

impl Operation {
    pub(crate) fn new(name: Arc<str>, common: &Arc<Common>) -> Self {
        let book = Book::new(common.slice_nanos, common.clock.now());
        let meter = Meter {
            name,
            common: Arc::clone(common),
            cells: Cells::new(),
            in_flight: AtomicU64::new(0),
            slice_start: AtomicU64::new(book.slice_start()),
            book: Mutex::new(book),
        };
        Self { meter: Arc::new(meter) }
    }

    /// Its name: [`OVERFLOW`](crate::OVERFLOW) if there was no room for the one that was asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.meter.name
    }

    /// Measures `body`: a success if it returns.
    #[inline]
    pub fn measure<R>(&self, body: impl FnOnce() -> R) -> R {
        let mut run = Run::start(&*self.meter);
        let returned = run.run(body);
        run.end(Completion::Success);
        returned
    }

    /// Measures `body`: a failure if it returns an `Err`.
    ///
    /// # Errors
    /// Those of `body`.
    #[inline]
    pub fn try_measure<T, E>(&self, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut run = Run::start(&*self.meter);
        let returned = run.run(body);
        run.end(Completion::of_error(returned.is_err()));
        returned
    }

    /// Measures a future, from its first poll to its end, with the time inside of polls apart from that between them.
    /// Dropped before its end it is cancelled; never polled it is no operation.
    pub async fn measure_async<F: Future>(&self, body: F) -> F::Output {
        let mut run = Run::start_async(&*self.meter);
        let returned = run.run_async(body).await;
        run.end(Completion::Success);
        returned
    }

    /// As [`measure_async`](Self::measure_async), and a failure if the future's output is an `Err`.
    ///
    /// # Errors
    /// Those of the future.
    pub async fn try_measure_async<T, E>(&self, body: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut run = Run::start_async(&*self.meter);
        let returned = run.run_async(body).await;
        run.end(Completion::of_error(returned.is_err()));
        returned
    }

    /// Begins an operation that ends with the timer: as it says, or cancelled if it is dropped, or panicked if it is
    /// dropped by a panic that began after it.
    pub fn start(&self) -> Timer {
        Timer::start(self.clone())
    }

    /// Records an operation that was measured elsewhere and ends now. Durations above 78 hours (2^48 - 1 ns) count as
    /// that.
    #[inline]
    pub fn record(&self, duration: Duration, completion: Completion) {
        let meter = &*self.meter;
        if meter.is_enabled() {
            meter.add(completion, clock::nanos(duration), meter.now(), None);
        }
    }

    /// Its figures now, with these percentiles, each from 0.0 to 1.0.
    #[must_use]
    pub fn metrics(&self, percentiles: &[f64]) -> OperationMetrics {
        self.meter.metrics(percentiles)
    }

    /// How many ended since the start, in the order of [`Completion::ALL`].
    #[must_use]
    pub fn completions(&self) -> [u64; 4] {
        let sums = self.meter.cells.sums();
        Completion::ALL.map(|completion| sums[completion as usize])
    }

    /// Durations since the start under the given upper bounds, as Prometheus histograms expose them. `bounds` ascend;
    /// they and the sum are in seconds.
    ///
    /// A duration up to 1/32 below a bound may be counted above it, and none is counted below one that it is above.
    #[must_use]
    pub fn duration_histogram(&self, bounds: &Arc<[f64]>) -> FixedSnapshot {
        let sum = self.meter.since_start();
        let mut counts = vec![0; bounds.len() + 1];
        for (bucket, count) in sum.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let most = edges(bucket).1.min(sum.bounds.max) as f64 / 1e9;
            counts[bounds.partition_point(|bound| *bound < most)] += count;
        }
        FixedSnapshot { bounds: Arc::clone(bounds), counts, sum: sum.nanos as f64 / 1e9 }
    }
}

// No code of users runs while the book is written.
impl UnwindSafe for Operation {}
impl RefUnwindSafe for Operation {}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("name", &self.meter.name).finish_non_exhaustive()
    }
}

impl Meter {
    #[inline]
    pub(crate) fn is_enabled(&self) -> bool {
        // Relaxed: the flag guards no other memory.
        self.common.enabled.load(Relaxed)
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.common.clock.now()
    }

    #[inline]
    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    /// Ends what `begin` began.
    #[inline]
    pub(crate) fn end(&self, completion: Completion, nanos: u64, now: u64, polled: Option<Polled>) {
        self.in_flight.fetch_sub(1, Relaxed);
        self.add(completion, nanos, now, polled);
    }

    #[inline]
    fn add(&self, completion: Completion, nanos: u64, now: u64, polled: Option<Polled>) {
        // Relaxed: only tells whether to look into the book. Wraps if the clock went back, which is to be looked into
        // too.
        if now.wrapping_sub(self.slice_start.load(Relaxed)) >= self.common.slice_nanos {
            self.roll(now);
        }
        let before = self.cells.count(completion as usize);
        let threshold = self.common.threshold.load(Relaxed);
        if threshold == ONE || draw(before, completion) < threshold {
            self.cells.record(nanos, polled);
        }
    }

    /// Once a slice. Who finds the book in use leaves it to whoever has it: a recording never waits.
    #[cold]
    fn roll(&self, now: u64) {
        if let Some(mut book) = self.book.try_lock() {
            self.roll_in(&mut book, now);
        }
    }

    pub(crate) fn tick(&self, now: u64) {
        self.roll_in(&mut self.book.lock(), now);
    }

    fn roll_in(&self, book: &mut Book, now: u64) {
        book.roll(&self.cells, now);
        self.slice_start.store(book.slice_start(), Relaxed);
    }

    pub(crate) fn metrics(&self, percentiles: &[f64]) -> OperationMetrics {
        let mut book = self.book.lock();
        let now = self.now();
        self.roll_in(&mut book, now);
        let (window, since_start) = (book.window(&self.cells, now), book.since_start(&self.cells, now));
        drop(book);
        OperationMetrics {
            name: Arc::clone(&self.name),
            in_flight: self.in_flight.load(Relaxed),
            window: Figures::of(&window, percentiles),
            since_start: Figures::of(&since_start, percentiles),
        }
    }

    fn since_start(&self) -> Sum {
        self.book.lock().since_start(&self.cells, self.now())
    }
}

/// Uniform below 2^63: the number of operations that ended so before, well mixed (SplitMix64's finalizer). So a draw
/// needs no state of its own, and depends on nothing that is measured.
fn draw(before: u64, completion: Completion) -> u64 {
    let mut mixed = (before << 2 | completion as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 1
}
