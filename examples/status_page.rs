//! The status page: a shop with trouble, watched in a browser.
//!
//! `cargo run --example status_page` reads one document of the page's stream. `cargo run --example status_page --
//! ADDRESS TOKEN` serves the page until the program is ended; one word more goes into every name.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::health::{CheckOutcome, Component};
use sidecar_runtime::metrics::{AlertRule, Reading};
use sidecar_runtime::observer::Event;
use sidecar_runtime::perf::Completion;
use sidecar_runtime::{Sidecar, SidecarConfig, SidecarHandle};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;
use std::{env, thread};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => show(),
        [address, token] => serve(address, token, ""),
        [address, token, word] => serve(address, token, word),
        _ => Err("ADDRESS TOKEN [WORD], or nothing".into()),
    }
}

/// What the page is told each second.
fn show() -> Result<(), Box<dyn Error>> {
    let sidecar = shop("127.0.0.1:0", "secret", "")?;
    load(&sidecar.handle(), "", 0);
    let mut stream = TcpStream::connect(sidecar.local_addr().ok_or("it serves")?)?;
    write!(stream, "GET /status/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    for line in BufReader::new(stream).lines() {
        let Some(document) = line?.strip_prefix("data: ").map(serde_json::from_str::<serde_json::Value>)
        else {
            continue;
        };
        let document = document?;
        for part in ["health", "ready", "circuit_breakers", "performance", "events_stats", "status"] {
            assert!(document[part].is_object(), "{part}: {document}");
        }
        println!("breaker payments: {}", document["circuit_breakers"]["payments"]["state"]);
        println!("operation checkout: {}", document["performance"]["checkout"]["count"]);
        break;
    }
    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}

fn serve(address: &str, token: &str, word: &str) -> Result<(), Box<dyn Error>> {
    let sidecar = shop(address, token, word)?;
    println!("serving on http://{}", sidecar.local_addr().ok_or("it serves")?);
    let handle = sidecar.handle();
    for round in 0.. {
        load(&handle, word, round);
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn shop(address: &str, token: &str, word: &str) -> Result<Sidecar, Box<dyn Error>> {
    let name = |name: &str| format!("{name}{word}");
    let token = token.to_owned();
    let database = name("database");
    let sidecar = Sidecar::builder()
        .config(SidecarConfig::default())
        .component(Component::new(name("queue"), || true).critical(true))
        .component(Component::new(&database, || CheckOutcome::unhealthy("no route")).failure_threshold(1))
        .component(Component::new(name("search"), || true).depends_on(&database))
        .http(address)
        .http_settings(|http| http.token(token))
        .start()?;
    sidecar.sampler().set_rate("events", 0.6)?;
    for breaker in ["payments", "recommendations"] {
        sidecar.breakers().register(sidecar.breaker(&name(breaker)))?;
    }
    if let Some(breaker) = sidecar.breakers().get(&name("recommendations")) {
        breaker.trip();
        breaker.reset();
        let _ = breaker.call(|| Ok::<_, ()>(()));
    }
    let (shelf, number) = (name("tea"), 3.0);
    let shelves = move || vec![Reading::new(&[("shelf", &shelf)], number)];
    let rule = AlertRule::from_fn(name("ShelfLow"), shelves).below(5.0).label("severity", "warning");
    sidecar.metrics().alert(rule.annotation("summary", name("Tea is running out.")))?;
    Ok(sidecar)
}

/// A tenth of a second of the shop's day.
fn load(sidecar: &SidecarHandle, word: &str, round: u64) {
    for (at, (name, millis)) in (1..).zip([("checkout", 180.0), ("search", 35.0), ("stock", 0.4)]) {
        let operation = sidecar.perf().operation(&format!("{name}{word}"));
        for turn in 0..at * 3 {
            // Waves, with a long call now and then.
            let wave = 1.0 + 0.6 * (round as f64 / (40.0 + 13.0 * at as f64)).sin();
            let long = if (round + turn).is_multiple_of(37) { 4.0 } else { 1.0 + 0.1 * (turn % 5) as f64 };
            let how = if (round + turn) % 53 == 1 { Completion::Failure } else { Completion::Success };
            operation.record(Duration::from_secs_f64(millis * wave * long / 1e3), how);
        }
    }
    for kind in ["order", "test_finished", "page_view"] {
        let _ = sidecar.observe(Event::new(format!("{kind}{word}")).with("round", round));
    }
}
