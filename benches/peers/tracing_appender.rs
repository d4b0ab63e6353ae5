//! tracing-appender: an event of `tracing`, formatted into a line on the producer's thread, queued, and written
//! by a thread of its own. It counts what it drops; the count of what it is offered is ours to add.

use crate::{Bounded, QUEUE, Subject, wait_until};
use bench_harness::Outcome;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, mpsc};
use std::thread;
use tracing::dispatcher::{self, Dispatch};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};

pub(crate) struct Appender {
    /// Held open by a queue that is to stay full, and let go before the guard waits for the writer.
    _hold: Option<mpsc::Sender<()>>,
    dispatch: Dispatch,
    dropped: ErrorCounter,
    received: AtomicU64,
    handled: Arc<AtomicU64>,
    _guard: WorkerGuard,
}

impl Appender {
    /// With a writer that waits for `held`, if it is given, before it writes its first line.
    fn new(lines: usize, hold: Option<mpsc::Sender<()>>, held: Option<Held>) -> Self {
        let handled = Arc::default();
        let writer = Lines { handled: Arc::clone(&handled), held };
        let builder = NonBlockingBuilder::default().buffered_lines_limit(lines).lossy(true);
        let (non_blocking, guard) = builder.finish(writer);
        let dropped = non_blocking.error_counter();
        let subscriber = tracing_subscriber::fmt().with_writer(non_blocking).finish();
        Self {
            _hold: hold,
            dispatch: Dispatch::new(subscriber),
            dropped,
            received: AtomicU64::new(0),
            handled,
            _guard: guard,
        }
    }
}

impl Subject for Appender {
    const NAME: &'static str = "tracing-appender";
    const USE: &'static str = "tracing::info!, formatted as a line into a lossy NonBlocking";

    fn draining() -> Self {
        Self::new(QUEUE, None, None)
    }

    fn producer(&self) -> impl FnMut(u64) -> Outcome {
        let current = dispatcher::set_default(&self.dispatch);
        let mut dropped = self.dropped.dropped_lines();
        move |number| {
            let _current = &current;
            self.received.fetch_add(1, Relaxed);
            tracing::info!(
                test_id = black_box("t1"),
                status = black_box("passed"),
                duration_ms = number,
                retry = black_box(false),
                "test_end"
            );
            let before = std::mem::replace(&mut dropped, self.dropped.dropped_lines());
            if before == dropped { Outcome::Passed } else { Outcome::Refused }
        }
    }

    fn wait_for(&self, handled: u64) {
        wait_until(&self.handled, handled);
    }
}

impl Bounded for Appender {
    fn full() -> Self {
        let (hold, release) = mpsc::channel();
        let entered = Arc::new(AtomicBool::new(false));
        let held = Held { entered: Arc::clone(&entered), release };
        let appender = Self::new(1, Some(hold), Some(held));
        let first = appender.producer()(0);
        while !entered.load(Acquire) {
            thread::yield_now();
        }
        // The writer holds the first line, the queue the second one.
        let second = appender.producer()(1);
        assert_eq!([first, second], [Outcome::Passed; 2], "there is room for two");
        appender
    }
}

/// What keeps a writer from its first line.
struct Held {
    entered: Arc<AtomicBool>,
    release: mpsc::Receiver<()>,
}

/// Counts the lines it is given.
struct Lines {
    handled: Arc<AtomicU64>,
    held: Option<Held>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(Held { entered, release }) = self.held.take() {
            entered.store(true, Release);
            // An error is the release: the other end is gone.
            let _ = release.recv();
        }
        black_box(line);
        self.handled.fetch_add(1, Release);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
