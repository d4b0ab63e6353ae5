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
//! - `accepted/p99.99`: what the slowest of 10 000 calls costs its thread, timed one by one, while the worker is stopped
//!   and each new event evicts the oldest. One reading of the clock is in it.
//! - `latency/p50`, `latency/p99`: from `observe` to the handler, of 1 000 events that come 200 us apart: as many in a
//!   second as the original, written in Python, keeps under the load that it publishes figures of.

mod peers {
    //! Queues and loggers of others, one file each.

    pub(crate) mod crossbeam_channel;
    pub(crate) mod fastrace;
    pub(crate) mod tracing_appender;
}

use bench_harness::{Batch, Case, Outcome, SAMPLES, Suite, at_quantile, repeat, run, timed};
use sidecar_runtime::observer::{DropPolicy, Event, Observed, Observer, Value, observe};
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

    /// Offers events on one thread; each gets its number.
    fn producer(&self) -> impl FnMut(u64) -> Outcome;

    /// Waits until as many events as that have been handled, over the subject's whole life.
    fn wait_for(&self, handled: u64);
}

/// One whose queue has a bound that can be seen to be reached.
pub(crate) trait Bounded: Subject {
    /// A queue that is full and stays so.
    fn full() -> Self;
}

/// How many events may wait.
pub(crate) const QUEUE: usize = 10_000;

/// Offered between two waits for an empty queue: half of it.
const BURST: u64 = QUEUE as u64 / 2;

/// How long a burst may take to be handled: far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer than a benchmark runs.
const HOUR: Duration = Duration::from_secs(3_600);

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

    /// One whose worker stays in a handler, with an event that keeps its place in the queue.
    fn stopped(queue: usize, policy: DropPolicy) -> Self {
        let builder = Observer::builder().queue_size(queue).drop_policy(policy).handler_timeout(HOUR);
        let ours = Self::new(builder.start().expect("the settings are valid"));
        let (hold, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        ours.observer.on("hold", move |_| {
            let _ = held.lock().map(|held| held.recv());
        });
        ours.observer.observe(Event::new("hold"));
        Self { _hold: Some(hold), ..ours }
    }
}

impl Subject for Ours {
    const NAME: &'static str = "ours";
    const USE: &'static str = "observe!, one handler, waits with flush";

    fn draining() -> Self {
        Self::new(Observer::builder().queue_size(QUEUE).start().expect("the settings are valid"))
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

impl Bounded for Ours {
    fn full() -> Self {
        Self::stopped(1, DropPolicy::Newest)
    }
}

fn main() -> ExitCode {
    let mut suite = Suite::new("events");
    peers::crossbeam_channel::floors().into_iter().for_each(|floor| suite.add(floor));
    suite.add(sampled_out());
    all_of::<Ours>(&mut suite);
    all_of::<peers::crossbeam_channel::Channel>(&mut suite);
    all_of::<peers::tracing_appender::Appender>(&mut suite);
    unbounded::<peers::fastrace::Fastrace>(&mut suite);
    suite.add(slowest());
    suite.add(latency("latency/p50", 0.5));
    suite.add(latency("latency/p99", 0.99));
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

fn all_of<S: Bounded>(suite: &mut Suite) {
    let executes = format!("one event built and dropped: {}", S::USE);
    let refused = Case::new("refused/full", S::NAME, executes, refused::<S>);
    suite.add(refused.expecting(Outcome::Refused).counted());
    unbounded::<S>(suite);
}

fn unbounded<S: Subject>(suite: &mut Suite) {
    let executes = |what| format!("{what}: {}", S::USE);
    suite.add(
        Case::new("accepted/4-fields", S::NAME, executes("one event built and queued"), accepted::<S>)
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

fn refused<S: Bounded>() -> impl FnMut(u64) -> Batch {
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

fn slowest() -> Case {
    let executes = "the slowest of 10 000 events built and queued, the worker stopped: observe!";
    Case::new("accepted/p99.99", Ours::NAME, executes, || {
        let ours = Ours::stopped(QUEUE, DropPolicy::Oldest);
        let clock = quanta::Clock::new();
        move |n| {
            let mut produce = ours.producer();
            at_quantile(n, SAMPLES, 0.999_9, |number| {
                let begun = clock.raw();
                let outcome = produce(number);
                (clock.delta_as_nanos(begun, clock.raw()), outcome)
            })
        }
    })
}

/// Between two events whose way to the handler is timed, and how many are.
const APART: Duration = Duration::from_micros(200);
const ON_THEIR_WAY: u64 = 1_000;

fn latency(id: &'static str, quantile: f64) -> Case {
    let executes = format!(
        "the way of an event to its handler, {quantile} of 1 000 are as quick: observe!, one handler"
    );
    Case::new(id, Ours::NAME, executes, move || {
        let observer = Observer::builder().queue_size(QUEUE).start().expect("the settings are valid");
        let begun = Instant::now();
        let (arrive, arrived) = mpsc::channel();
        observer.on("sent", move |event| {
            let sent = event.get("nanos").and_then(Value::as_f64).unwrap_or(0.0) as u64;
            let _ = arrive.send(nanos(begun).saturating_sub(sent));
        });
        move |n| {
            for _ in 0..ON_THEIR_WAY {
                let next = Instant::now() + APART;
                observe!(observer, "sent", nanos = nanos(begun));
                while Instant::now() < next {
                    std::hint::spin_loop();
                }
            }
            at_quantile(n, ON_THEIR_WAY, quantile, |_| match arrived.recv_timeout(PATIENCE) {
                Ok(nanos) => (nanos, Outcome::Passed),
                Err(_) => (u64::MAX, Outcome::Refused),
            })
        }
    })
}

fn nanos(begun: Instant) -> u64 {
    begun.elapsed().as_nanos() as u64
}

/// Waits until a consumer has counted as many events as that.
pub(crate) fn wait_until(counted: &AtomicU64, handled: u64) {
    wait_for(|| counted.load(Acquire) >= handled);
}

pub(crate) fn wait_for(mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "events are not handled within {PATIENCE:?}");
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
