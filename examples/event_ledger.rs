//! Events under fire: after each of five attacks the ledger accounts for every event, and memory is bounded.
//!
//! Each attack offers as many events as the first argument says, 20 000 unless given:
//! `cargo run --release --example event_ledger -- 100000000` takes a few minutes.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_observer::{Event, Observed, Observer, ObserverBuilder, ObserverStats, observe};
use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const PRODUCERS: u64 = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let offered: u64 = std::env::args().nth(1).map_or(Ok(20_000), |count| count.parse())?;
    let attacks: [(&str, Attack); 5] = [
        ("steady: as fast as two threads can", steady),
        ("overload: ten times what the handler can take", overload),
        ("names: every event of another type", names),
        ("threads: a new one for every ten events", threads),
        ("handlers: one panics, one hangs", handlers),
    ];
    println!(
        "{:<46} {:>11} {:>11} {:>11} {:>7} {:>7}",
        "attack", "offered", "processed", "dropped", "failed", "types"
    );
    for (attack, run) in attacks {
        let Report { offered, stats } = run(offered)?;
        println!(
            "{attack:<46} {:>11} {:>11} {:>11} {:>7} {:>7}",
            stats.events_received,
            stats.events_processed,
            stats.events_dropped,
            stats.failed,
            stats.by_type.len()
        );
        assert_eq!(stats.events_received, offered, "every call is counted");
        let settled = stats.sampled_out + stats.events_dropped + stats.events_processed + stats.failed;
        assert_eq!((settled, stats.queue_size, stats.queue_bytes), (offered, 0, 0), "each has one outcome");
    }
    println!("every event accounted for");
    Ok(())
}

/// Offers so many events, in its own way.
type Attack = fn(u64) -> Result<Report, Box<dyn Error>>;

/// What was offered, by the callers' own count, and what the observer says of it.
struct Report {
    offered: u64,
    stats: ObserverStats,
}

impl Report {
    fn of(offered: u64, observer: &Observer) -> Result<Self, Box<dyn Error>> {
        let left = observer.shutdown(PATIENCE).waiting;
        if left > 0 {
            return Err(format!("{left} events were left behind").into());
        }
        Ok(Self { offered, stats: observer.stats() })
    }
}

/// So many events in all, from [`PRODUCERS`] threads.
fn produce(observer: &Observer, offered: u64, offer: impl Fn(&Observer, u64) -> Observed + Sync) {
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let (observer, offer) = (observer.clone(), &offer);
            scope.spawn(move || {
                for number in (producer..offered).step_by(PRODUCERS as usize) {
                    black_box(offer(&observer, number));
                }
            });
        }
    });
}

fn steady(offered: u64) -> Result<Report, Box<dyn Error>> {
    let observer = Observer::builder().start()?;
    observer.on("test_end", |event| {
        black_box(event.test());
    });
    produce(&observer, offered, |observer, number| {
        observe!(observer, "test_end", test_id = "login", status = "passed", duration_ms = number)
    });
    Report::of(offered, &observer)
}

fn overload(offered: u64) -> Result<Report, Box<dyn Error>> {
    let observer = Observer::builder().queue_size(100).start()?;
    observer.on("test_end", |_| busy_for(Duration::from_micros(20)));
    produce(&observer, offered, |observer, number| {
        busy_for(Duration::from_micros(2) * PRODUCERS as u32);
        observe!(observer, "test_end", duration_ms = number)
    });
    let report = Report::of(offered, &observer)?;
    assert!(report.stats.events_dropped > 0, "an overload loses events, and says so");
    Ok(report)
}

fn names(offered: u64) -> Result<Report, Box<dyn Error>> {
    let observer = Observer::builder().start()?;
    produce(&observer, offered, |observer, number| observer.observe(Event::new(format!("type {number}"))));
    let report = Report::of(offered, &observer)?;
    assert!(report.stats.by_type.len() <= 1_024, "rows are bounded");
    Ok(report)
}

fn threads(offered: u64) -> Result<Report, Box<dyn Error>> {
    const EACH: u64 = 10;
    let observer = Observer::builder().start()?;
    let threads = (offered / EACH).min(10_000);
    for _ in 0..threads {
        let observer = observer.clone();
        let short_lived = move || {
            for number in 0..EACH {
                observe!(observer, "short", number = number);
            }
        };
        thread::Builder::new().spawn(short_lived)?.join().map_err(|_| "a producer panicked")?;
    }
    let begun = Instant::now();
    while observer.lanes() > 0 && begun.elapsed() < PATIENCE {
        thread::yield_now();
    }
    assert_eq!(observer.lanes(), 0, "threads that have ended leave nothing behind");
    Report::of(threads * EACH, &observer)
}

fn handlers(offered: u64) -> Result<Report, Box<dyn Error>> {
    let limited: ObserverBuilder = Observer::builder().handler_timeout(Duration::from_millis(100));
    let observer = limited.start()?;
    std::panic::set_hook(Box::new(|_| ()));
    observer.on("bad", |_| panic!("a handler fails, as it was told to"));
    observer.on("stuck", |_| {
        loop {
            thread::park();
        }
    });
    produce(&observer, offered, |observer, number| match number {
        0..4 => observe!(observer, "stuck"),
        _ if number % 100 == 0 => observe!(observer, "bad"),
        _ => observe!(observer, "good", number = number),
    });
    let report = Report::of(offered, &observer)?;
    let _ = std::panic::take_hook();
    Ok(report)
}

fn busy_for(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}
