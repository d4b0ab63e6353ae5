//! What an event costs the thread that offers it, and what it costs until it has been handled.
//!
//! Every subject offers the same event: a type, the time by the wall clock, and four fields by name - two short
//! texts, a number and a truth value. Every event offered is counted, and so is every one that is dropped.
//! Nobody waits for room.
//!
//! - `sampled-out`: a draw decides against the event; it is counted and never built.
//! - `accepted/4-fields`: the event is built and put into a queue that a consumer empties meanwhile. Bursts of
//!   half the queue, so that there is always room; the wait for an empty queue between them is not timed.
//! - `refused/full`: the event is built, finds the queue full, and is dropped.
//! - `end-to-end/1-producer`: as `accepted`, until the consumer has handled the burst's last event.
//! - `end-to-end/2-producers`: the same with two producers that share each burst; the time is that of one
//!   event of the whole stream.

mod peers {
    //! Queues and loggers of others, one file each.

    pub(crate) mod crossbeam_channel;
    pub(crate) mod tracing_appender;
}

use bench_harness::{Batch, Case, Outcome, Suite, repeat, run, timed};
use sidecar_runtime::observer::{DropPolicy, Event, Observed, Observer, observe};
use sidecar_runtime::sampler::Sampler;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A path of events under test, from producers to a consumer.
pub(crate) trait Subject: Sized + Sync + 'static {
    /// `ours`, or the peer's name.
    const NAME: &'static str;

    /// How it is used.
    const USE: &'static str;

    /// A queue with room for [`QUEUE`] events, and a consumer that counts those it has handled.
    fn draining() -> Self;

    /// A queue that is full and stays so.
    fn full() -> Self;

    /// Offers events on one thread; each gets its number.
    fn producer(&self) -> impl FnMut(u64) -> Outcome;

    /// Waits until as many events as that have been handled, over the subject's whole life.
    fn wait_for(&self, handled: u64);
}

/// How many events may wait.
pub(crate) const QUEUE: usize = 10_000;

/// Offered between two waits for an empty queue: half of it.
const BURST: u64 = QUEUE as u64 / 2;

/// How long a burst may take to be handled: far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(10);

/// A rate so small that no run keeps an event, and that is drawn for all the same.
const NEXT_TO_NEVER: f64 = 1e-15;

/// An observer whose handler counts.
struct Ours {
    /// Held open by a queue that is to stay full, and let go before the observer waits for its handler.
    _hold: Option<mpsc::Sender<()>>,
    observer: Observer,
    handled: Arc<AtomicU64>,
}

impl Ours {
    fn new(observer: Observer) -> Self {
        let handled = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&handled);
        observer.on("test_end", move |event| {
            black_box(event);
            count.fetch_add(1, Release);
        });
        Self { _hold: None, observer, handled }
    }
}

impl Subject for Ours {
    const NAME: &'static str = "ours";
    const USE: &'static str = "observe!, one handler, waits with flush";

    fn draining() -> Self {
        Self::new(Observer::builder().queue_size(QUEUE).start().expect("the settings are valid"))
    }

    fn full() -> Self {
        let builder = Observer::builder().queue_size(1).drop_policy(DropPolicy::Newest);
        let ours = Self::new(builder.start().expect("the settings are valid"));
        let (hold, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        ours.observer.on("hold", move |_| {
            let _ = held.lock().map(|held| held.recv());
        });
        // It keeps its place in the queue until its handler returns.
        ours.observer.observe(Event::new("hold"));
        Self { _hold: Some(hold), ..ours }
    }

    fn producer(&self) -> impl FnMut(u64) -> Outcome {
        |number| {
            let observed = observe!(
                self.observer,
                "test_end",
                test_id = black_box("t1"),
                status = black_box("passed"),
                duration_ms = number,
                retry = black_box(false),
            );
            match observed {
                Observed::Accepted => Outcome::Passed,
                _ => Outcome::Refused,
            }
        }
    }

    fn wait_for(&self, handled: u64) {
        let report = self.observer.flush(PATIENCE);
        let missing = handled.saturating_sub(self.handled.load(Acquire));
        assert!(report.waiting == 0 && missing <= report.dropped, "{missing} events are missing: {report:?}");
    }
}

fn main() -> ExitCode {
    let mut suite = Suite::new("events");
    peers::crossbeam_channel::floors().into_iter().for_each(|floor| suite.add(floor));
    suite.add(sampled_out());
    all_of::<Ours>(&mut suite);
    all_of::<peers::crossbeam_channel::Channel>(&mut suite);
    all_of::<peers::tracing_appender::Appender>(&mut suite);
    bench_harness::main(&suite)
}

fn sampled_out() -> Case {
    let executes = "one draw and a count: observe! with a sampler that keeps next to nothing";
    Case::new("sampled-out", Ours::NAME, executes, || {
        let sampler = Sampler::builder().rate("events", NEXT_TO_NEVER).build().expect("the rate is valid");
        let builder = Observer::builder().names(sampler.names().clone());
        let builder = builder.admit(move |event_type| sampler.sample(event_type));
        let ours = Ours::new(builder.start().expect("the settings are valid"));
        move |n| {
            let batch = repeat(n, ours.producer());
            assert_eq!(
                ours.observer.stats().dropped.values().sum::<u64>(),
                0,
                "an event was not sampled out"
            );
            batch
        }
    })
    .expecting(Outcome::Refused)
    .counted()
}

fn all_of<S: Subject>(suite: &mut Suite) {
    let executes = |what| format!("{what}: {}", S::USE);
    suite.add(
        Case::new("accepted/4-fields", S::NAME, executes("one event built and queued"), accepted::<S>)
            .counted(),
    );
    suite.add(
        Case::new("refused/full", S::NAME, executes("one event built and dropped"), refused::<S>)
            .expecting(Outcome::Refused)
            .counted(),
    );
    let one = executes("one event built, queued and handled, one producer");
    suite.add(Case::new("end-to-end/1-producer", S::NAME, one, one_producer::<S>));
    let two = executes("one event built, queued and handled, two producers");
    suite.add(Case::new("end-to-end/2-producers", S::NAME, two, two_producers::<S>));
}

fn accepted<S: Subject>() -> impl FnMut(u64) -> Batch {
    let subject = S::draining();
    let mut accepted = 0;
    move |n| {
        let mut produce = subject.producer();
        in_bursts(n, |burst| {
            let batch = repeat(burst, &mut produce);
            accepted += batch.tally.passed;
            subject.wait_for(accepted);
            batch
        })
    }
}

fn refused<S: Subject>() -> impl FnMut(u64) -> Batch {
    let subject = S::full();
    move |n| repeat(n, subject.producer())
}

fn one_producer<S: Subject>() -> impl FnMut(u64) -> Batch {
    let subject = S::draining();
    let mut accepted = 0;
    move |n| {
        let mut produce = subject.producer();
        in_bursts(n, |burst| {
            timed(|| {
                let tally = run(burst, &mut produce);
                accepted += tally.passed;
                subject.wait_for(accepted);
                tally
            })
        })
    }
}

fn two_producers<S: Subject>() -> impl FnMut(u64) -> Batch {
    let subject = S::draining();
    let mut accepted = 0;
    move |n| {
        let subject = &subject;
        // Where one of the threads panics, the other finds its end of the channels closed and does not wait.
        let (begin, begun) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut produce = subject.producer();
                for burst in begun {
                    let _ = end.send(run(burst, &mut produce));
                }
            });
            let mut produce = subject.producer();
            let begin = begin;
            in_bursts(n, |burst| {
                begin.send(burst / 2).expect("the other producer runs");
                timed(|| {
                    let mut tally = run(burst - burst / 2, &mut produce);
                    tally += ended.recv().expect("the other producer runs to its end");
                    accepted += tally.passed;
                    subject.wait_for(accepted);
                    tally
                })
            })
        })
    }
}

/// Waits until a consumer has counted as many events as that.
pub(crate) fn wait_until(counted: &AtomicU64, handled: u64) {
    let begun = Instant::now();
    while counted.load(Acquire) < handled {
        assert!(begun.elapsed() < PATIENCE, "{handled} events are not handled within {PATIENCE:?}");
        thread::yield_now();
    }
}

/// Runs `n` operations in bursts.
fn in_bursts(n: u64, mut run: impl FnMut(u64) -> Batch) -> Batch {
    let (mut left, mut sum) = (n, Batch::default());
    while left > 0 {
        let burst = left.min(BURST);
        sum += run(burst);
        left -= burst;
    }
    sum
}
