//! A process whose figures are whatever the test says.

use sidecar_profiler::{Clock, Profiler, ProfilerBuilder, Reading, Source};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub(crate) const MB: u64 = 1_048_576;

/// What the next reading finds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    Reads(Reading),
    Fails,
    Panics,
}

struct Scripted {
    next: Arc<Mutex<Next>>,
    count: Arc<AtomicU64>,
}

impl Source for Scripted {
    fn read(&mut self) -> io::Result<Reading> {
        self.count.fetch_add(1, SeqCst);
        // Taken out of the lock first, so that the panic does not poison it.
        let next = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        match next {
            Next::Reads(reading) => Ok(reading),
            Next::Fails => Err(io::Error::other("no figures today")),
            Next::Panics => panic!("the source panics"),
        }
    }
}

/// A profiler over a scripted process, in virtual time.
pub(crate) struct Scene {
    pub(crate) profiler: Profiler,
    pub(crate) clock: Clock,
    time: Arc<sidecar_core::clock::Mock>,
    next: Arc<Mutex<Next>>,
    count: Arc<AtomicU64>,
}

impl Scene {
    /// One reading per second; the process is ten seconds old and has used one of CPU.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(ProfilerBuilder) -> ProfilerBuilder) -> Self {
        Self::beginning_with(Next::Reads(reading(1_000, 64)), settings)
    }

    pub(crate) fn beginning_with(
        first: Next,
        settings: impl FnOnce(ProfilerBuilder) -> ProfilerBuilder,
    ) -> Self {
        let (clock, time) = Clock::mock();
        let next = Arc::new(Mutex::new(first));
        let count = Arc::new(AtomicU64::new(0));
        let source = Scripted { next: Arc::clone(&next), count: Arc::clone(&count) };
        let builder = settings(Profiler::builder().clock(clock.clone()));
        let profiler = builder.source(source).build().expect("valid settings");
        Self { profiler, clock, time, next, count }
    }

    pub(crate) fn sets(&self, next: Next) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    pub(crate) fn passes(&self, time: Duration) {
        self.time.increment(time);
    }

    /// Lets `time` pass, then ticks and returns when the next reading is due.
    pub(crate) fn after(&self, time: Duration, next: Next) -> u64 {
        self.sets(next);
        self.passes(time);
        self.profiler.tick(self.clock.now())
    }

    pub(crate) fn a_second_later(&self, reading: Reading) {
        self.after(Duration::from_secs(1), Next::Reads(reading));
    }

    /// How often the source was read.
    pub(crate) fn reads(&self) -> u64 {
        self.count.load(SeqCst)
    }
}

/// A process ten seconds old that has used `cpu_millis` of CPU and holds `megabytes`.
pub(crate) fn reading(cpu_millis: u64, megabytes: u64) -> Reading {
    let mut reading = Reading::default();
    reading.cpu_nanos = cpu_millis * 1_000_000;
    reading.age_nanos = 10_000_000_000;
    reading.resident_bytes = megabytes * MB;
    reading
}

/// The same, whose sidecar threads have used `own_millis` of CPU.
pub(crate) fn reading_with_own(cpu_millis: u64, megabytes: u64, own_millis: u64) -> Reading {
    let mut reading = reading(cpu_millis, megabytes);
    reading.sidecar_cpu_nanos = Some(own_millis * 1_000_000);
    reading
}

pub(crate) fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1.0)
}
