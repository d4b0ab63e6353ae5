//! A service with something of everything that a dashboard shows.
//!
//! `cargo run --example dashboard` does a little work and checks that every series is there. With an address, as in
//! `cargo run --example dashboard -- 127.0.0.1:8080`, it serves there and works until it is stopped: something to look
//! at with docs/grafana/sidecar.json.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::breaker::Breaker;
use sidecar_runtime::health::{CheckOutcome, Component};
use sidecar_runtime::perf::Objective;
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;
use std::{env, io, panic, thread};

fn main() -> Result<(), Box<dyn Error>> {
    // The panics of the handler below are on purpose: nobody needs to read about them.
    panic::set_hook(Box::new(|_| {}));
    let config = SidecarConfig::default().sampling_rate("test_events", 0.5);
    let mut builder = Sidecar::builder()
        .config(config)
        .component(Component::new("database", || true).critical(true))
        .component(Component::new("cache", || CheckOutcome::degraded("half of it is cold")));
    let address = env::args().nth(1);
    if let Some(address) = &address {
        builder = builder.http(address);
    }
    let sidecar = builder.start()?;
    sidecar.register_handler("test_failure", |event| {
        assert!(event.test().is_some_and(|test| test != "test_0"), "contained, and counted as an error");
    });
    sidecar.perf().objective("transform", Objective::success_rate(0.9))?;
    let settings = sidecar.breaker("payments").failure_threshold(3).timeout(Duration::from_secs(10));
    let payments = sidecar.breakers().register(settings)?;

    if let Some(address) = sidecar.local_addr() {
        println!("serving on http://{address}");
        for round in 0.. {
            work(&sidecar, &payments, round);
            thread::sleep(Duration::from_millis(20));
        }
    }
    (0..50).for_each(|round| work(&sidecar, &payments, round));
    let _ = sidecar.observer().flush(Duration::from_secs(10));
    let _ = panic::take_hook();
    check(&sidecar)?;
    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}

/// Some tests, of which a few fail, and some calls, of which half are refused half of the time.
fn work(sidecar: &Sidecar, payments: &Breaker, round: u64) {
    let operation = sidecar.perf().operation("transform");
    for test in 0..10 {
        observe!(sidecar, "test_start", test_id = format!("test_{test}"));
        let is_good =
            operation.try_measure(|| if (round + test).is_multiple_of(7) { Err(()) } else { Ok(()) }).is_ok();
        observe!(sidecar, "test_end", test_id = format!("test_{test}"), status = is_good);
        if !is_good {
            observe!(sidecar, "test_failure", test_id = format!("test_{test}"));
        }
    }
    let is_down = round / 500 % 2 == 1;
    let _ = payments.call(|| if is_down { Err(io::ErrorKind::TimedOut) } else { Ok(()) });
}

/// Whether the table of docs/metrics.md names what is exposed, and nothing else.
fn check(sidecar: &Sidecar) -> Result<(), Box<dyn Error>> {
    let table = include_str!("../docs/metrics.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let named = table.filter_map(|row| row.split('`').next()).filter(|name| name.contains('_'));
    let named: BTreeSet<&str> = named.collect();
    let families = sidecar.get_metrics();
    let exposed: BTreeSet<&str> = families.iter().map(|family| family.name()).collect();
    println!(
        "{} families, {} series",
        exposed.len(),
        families.iter().map(|family| family.samples().len()).sum::<usize>()
    );
    assert_eq!(named, exposed);
    Ok(())
}
