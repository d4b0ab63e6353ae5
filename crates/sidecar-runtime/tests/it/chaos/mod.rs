//! Everything goes wrong at once, and every promise is looked at afterwards: one block for each.
//!
//! Eight threads offer 100 000 events a second in all, if the machine can. Meanwhile dependencies fail, checks and
//! handlers hang and panic, the configuration is rewritten, and clients misbehave. It takes five seconds, or as many as
//! `SIDECAR_CHAOS_SECONDS` says. No assertion asks how fast the machine is.

mod host;
mod mischief;
mod process;

use crate::reloading::File;
use host::Told;
use mischief::{Faults, good};
use process::{rss, sidecar_threads};
use sidecar_harness::process::alone_for;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::breaker::{Breaker, State};
use sidecar_runtime::health::{Component, Status};
use sidecar_runtime::observer::ObserverStats;
use sidecar_runtime::perf::PerfMonitor;
use sidecar_runtime::{Sidecar, SidecarHandle};
use sidecar_testkit::assert_conserved;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const VARIABLE: &str = "SIDECAR_CHAOS_SECONDS";
const PRODUCERS: u64 = 8;
const BREAKERS: usize = 4;

/// The budget of the sidecar's memory.
const MAX_MEMORY_MB: f64 = 40.0;
/// By how much the process may grow after half of the time, in bytes: by all that the budget allows, and by half of that
/// for what an allocator keeps. A leak of 300 bytes an event is above it in five seconds, one of 22 bytes in a minute.
const MAX_GROWTH: u64 = 60 << 20;
/// How long a call of the host may last on a loaded machine. Whoever waited for a handler or a check that hangs would
/// wait for longer: those stay so until the end, or for as long as a script is patient.
const LONGEST_CALL: Duration = Duration::from_secs(5);

/// Threads that stay, by design: they are the process's, not the sidecar's.
const STANDING: [&str; 2] = ["sidecar-notify", "sidecar-perf"];

/// What was looked at meanwhile.
#[derive(Debug, Default)]
struct Seen {
    unhealthy: AtomicBool,
    unready: AtomicBool,
    samples: AtomicU64,
    most_memory_mb: AtomicU64,
}

#[test]
fn every_promise_holds_when_everything_goes_wrong_at_once() {
    let seconds = std::env::var(VARIABLE).unwrap_or_else(|_| "5".to_owned());
    let time = Duration::from_secs_f64(seconds.parse().expect("a number of seconds"));
    let test = "chaos::every_promise_holds_when_everything_goes_wrong_at_once";
    alone_for(test, &[(VARIABLE, &seconds)], time + 5 * PATIENCE, || chaos(time));
}

#[expect(clippy::print_stdout, reason = "the figures of a long run are what one runs it for")]
fn chaos(time: Duration) {
    mischief::hush();
    let file = File::new(&good(0));
    let faults = Faults::default();
    let sidecar = start(&file, &faults);
    let handle = sidecar.handle();
    let trips: Vec<_> = (0..BREAKERS).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let breakers: Vec<_> = trips.iter().enumerate().map(|(n, trips)| breaker(&sidecar, n, trips)).collect();
    mischief::register_handlers(&sidecar, &faults);
    eventually("it is ready", || sidecar.health().is_ready());

    let address = sidecar.local_addr().expect("it serves");
    let (stop, seen) = (AtomicBool::new(false), Seen::default());
    let mut first = Told::default();
    // Whatever the budget leaves of these later, each goes wrong once.
    first.go_wrong(&sidecar, "panics");
    eventually("a handler has panicked", || sidecar.stats().errors > 0);
    first.go_wrong(&sidecar, "hangs");
    faults.handler.wait_until_hanging();
    let (told, warm) = thread::scope(|scope| {
        let (sidecar, stop, seen, breakers, faults, file) =
            (&*sidecar, &stop, &seen, &breakers, &faults, &file);
        let _ends = StopAtEnd(stop);
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|seed| scope.spawn(move || host::run(sidecar, breakers, seed, stop)))
            .collect();
        scope.spawn(|| mischief::rewrite(file, sidecar, stop));
        scope.spawn(|| watch(sidecar, seen, stop));
        for client in 0..3 {
            scope.spawn(move || mischief::flood(address, client, stop));
        }
        thread::sleep(time / 4);
        faults.hang_check.store(true, SeqCst);
        thread::sleep(time / 4);
        let warm = rss();
        thread::sleep(time / 2);
        // On a machine that is too busy for it the storm lasts until it has done what it is for.
        eventually("the check that hangs is told of", || {
            seen.unhealthy.load(SeqCst) && seen.unready.load(SeqCst)
        });
        eventually("every breaker was open", || trips.iter().all(|trips| trips.load(SeqCst) > 0));
        stop.store(true, SeqCst);
        // Fail-open: no panic reached a thread of the host.
        let told = producers.into_iter().map(|producer| producer.join().expect("no panic reaches the host"));
        (told.fold(first, Told::plus), warm)
    });
    faults.end();
    file.write(&good(0));
    let _ = sidecar.reload_config().expect("the file is good again");

    // Fail-open: every call of the host returned in time.
    assert!(told.longest < LONGEST_CALL, "a call took {:?}", told.longest);
    assert!(told.panics > 0 && told.cancelled > 0, "it went wrong for the host, too: {told:?}");

    // Nothing is lost silently.
    assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    let stats = agreed(&sidecar);
    assert_conserved!(stats);
    told.assert_agrees_with(&stats);
    assert!(stats.failed > 0 && stats.errors > 0 && stats.sampled_out > 0, "{stats:#?}");

    // Green is proof: the check that hung was unhealthy, and is healthy once it answers again.
    assert!(seen.unhealthy.load(SeqCst) && seen.unready.load(SeqCst));
    eventually("it is ready again", || sidecar.health().is_ready());
    crate::support::becomes(&sidecar, "database", Status::Healthy);

    // A breaker cannot wedge.
    for breaker in &breakers {
        eventually("the breaker closes", || {
            let _ = breaker.call(|| Ok::<_, ()>(()));
            breaker.state() == State::Closed
        });
    }
    assert_eq!(breakers.iter().filter(|breaker| breaker.call(|| Ok::<_, ()>(())).is_ok()).count(), BREAKERS);

    // The budget holds.
    let own = sidecar.profiler().snapshot().own;
    let most = f64::from_bits(seen.most_memory_mb.load(SeqCst));
    assert!(
        seen.samples.load(SeqCst) > 0 && most > 0.0 && most <= MAX_MEMORY_MB,
        "{most} MB were accounted for"
    );
    assert!(!sidecar.profiler().is_over_budget().memory_over_budget);
    assert!(own.threads_cpu_seconds.is_some_and(|cpu| cpu > 0.0), "{own:?}");

    // Memory is flat.
    let end = rss();
    assert!(end < warm + MAX_GROWTH, "it grew from {warm} to {end} bytes");

    // No thread is left.
    let report = sidecar.stop(PATIENCE);
    assert_eq!((report.waiting, report.processed), (0, handle.stats().events_processed));
    eventually("every thread has ended", || sidecar_threads().iter().all(|name| STANDING.contains(&&**name)));
    println!(
        "chaos: {:.0} s, {} events received ({:.0}/s), {} processed, {} failed, {} sampled out, dropped {:?}; longest \
         call {:?}; trips {trips:?}; accounted {most:.1} MB at most, {:.2} s of CPU; RSS {} MB warm, {} MB at the end",
        time.as_secs_f64(),
        stats.events_received,
        stats.events_received as f64 / told.lasted.as_secs_f64(),
        stats.events_processed,
        stats.failed,
        stats.sampled_out,
        stats.dropped,
        told.longest,
        own.cpu_seconds,
        warm >> 20,
        end >> 20,
    );
}

/// Ends the storm also where an assertion fails in it: the scope waits for its threads.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

fn start(file: &File, faults: &Faults) -> Sidecar {
    let (hangs, check) = (Arc::clone(&faults.hang_check), faults.check.clone());
    let database = move || !hangs.load(SeqCst) || check.check();
    let database = Component::new("database", database)
        .critical(true)
        .interval(Duration::from_millis(50))
        .timeout(Duration::from_millis(200));
    let flapping = AtomicU64::new(0);
    let flapping = Component::new("flapping", move || {
        assert!(!flapping.fetch_add(1, SeqCst).is_multiple_of(3), "a check panics, as it was told to");
        true
    });
    let builder = file.builder().http("127.0.0.1:0").perf(PerfMonitor::global().clone());
    let builder = builder.component(database).component(flapping.interval(Duration::from_millis(20)));
    builder.start().expect("valid settings")
}

fn breaker(sidecar: &SidecarHandle, number: usize, trips: &Arc<AtomicU64>) -> Breaker {
    let builder = sidecar
        .breaker(&format!("dependency-{number}"))
        .failure_threshold(5)
        .timeout(Duration::from_millis(20))
        .probe_timeout(Duration::from_millis(50));
    let breaker = sidecar.breakers().register(builder).expect("a new name");
    let trips = Arc::clone(trips);
    breaker.on_transition(move |transition| {
        if transition.to == State::Open {
            trips.fetch_add(1, SeqCst);
        }
    });
    breaker
}

/// Looks at health and memory again and again.
fn watch(sidecar: &SidecarHandle, seen: &Seen, stop: &AtomicBool) {
    while !stop.load(SeqCst) {
        let report = sidecar.health_report();
        if report.component("database").is_some_and(|it| it.status() == Status::Unhealthy) {
            seen.unhealthy.store(true, SeqCst);
            seen.unready.fetch_or(!sidecar.health().is_ready(), SeqCst);
        }
        let memory = sidecar.profiler().snapshot().own.memory_mb;
        // Floats that are not negative stand in the order of their bits.
        seen.most_memory_mb.fetch_max(memory.to_bits(), SeqCst);
        seen.samples.fetch_add(1, SeqCst);
        thread::sleep(Duration::from_millis(10));
    }
}

/// The ledger at a moment at which nothing was offered, with which the series agree.
fn agreed(sidecar: &SidecarHandle) -> ObserverStats {
    let begun = Instant::now();
    loop {
        let (stats, metrics) = (sidecar.stats(), sidecar.get_metrics());
        if sidecar.stats().events_received != stats.events_received || stats.queue_size > 0 {
            // The sidecar itself offers an event now and then.
            assert!(begun.elapsed() < PATIENCE, "somebody goes on offering events");
            continue;
        }
        let value = |name: &str, tags: &[(&str, &str)]| metrics.value(name, tags).map(|value| value as u64);
        for (name, row) in &stats.by_type {
            assert_eq!(value("sidecar_events_total", &[("event_type", name)]), Some(row.received), "{name}");
        }
        for (reason, count) in &stats.dropped {
            assert_eq!(
                value("sidecar_events_dropped_total", &[("reason", reason)]),
                Some(*count),
                "{reason}"
            );
        }
        assert_eq!(value("sidecar_errors_total", &[]), Some(stats.errors));
        return stats;
    }
}
