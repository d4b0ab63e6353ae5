//! fastrace: an event is a trace of one span with four properties.
//!
//! It has one reporter and one collecting thread for the whole process, and no bound that could be asked whether it is
//! reached, so it stands under no id that needs a full queue.

use crate::Subject;
use bench_harness::Outcome;
use fastrace::Span;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::Duration;

/// Spans that the process's reporter has been handed.
static REPORTED: AtomicU64 = AtomicU64::new(0);

struct Counting;

impl Reporter for Counting {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        REPORTED.fetch_add(black_box(spans).len() as u64, Release);
    }
}

pub(crate) struct Fastrace {
    /// Of other benchmarks in this process.
    reported_before: u64,
    offered: AtomicU64,
    /// Spans that were made only to move those before them.
    nudges: AtomicU64,
}

impl Subject for Fastrace {
    const NAME: &'static str = "fastrace";
    const USE: &'static str =
        "a root span with four properties, a count added, a reporter that counts, waits with flush";

    fn draining() -> Self {
        fastrace::set_reporter(Counting, Config::default().report_interval(Duration::from_millis(1)));
        fastrace::flush();
        Self {
            reported_before: REPORTED.load(Acquire),
            offered: AtomicU64::new(0),
            nudges: AtomicU64::new(0),
        }
    }

    fn producer(&self) -> impl FnMut(u64) -> Outcome {
        |number| {
            self.offered.fetch_add(1, Relaxed);
            let span = Span::root(black_box("test_end"), SpanContext::random());
            let fields = || {
                [
                    ("test_id", black_box("t1").into()),
                    ("status", black_box("passed").into()),
                    ("duration_ms", number.to_string().into()),
                    ("retry", if black_box(false) { "true" } else { "false" }.into()),
                ]
            };
            drop(span.with_properties::<_, std::borrow::Cow<'static, str>, _, _>(fields));
            Outcome::Passed
        }
    }

    /// A thread whose channel was full keeps what it could not send until its next span: without one, the end of a
    /// burst would never be reported. That happens to the thread that waits here; another's share of a burst does not
    /// fill its channel. Such a span is timed with the rest.
    fn wait_for(&self, handled: u64) {
        crate::wait_for(|| {
            fastrace::flush();
            let reported = REPORTED.load(Acquire) - self.reported_before;
            let are_all = reported >= handled + self.nudges.load(Relaxed);
            if !are_all {
                self.nudges.fetch_add(1, Relaxed);
                drop(Span::root("nudge", SpanContext::random()));
            }
            are_all
        });
    }
}
