//! Three pieces of one's own choice behind endpoints, without the facade: a breaker, health and metrics.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_breaker::Breaker;
use sidecar_health::{Component, Health};
use sidecar_http::{Answer, Endpoints, Exposition};
use sidecar_metrics::{Format, MetricsCollector};
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// What the example pretends to ask.
fn ping() -> io::Result<()> {
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let breaker = Breaker::builder("payments").build()?;
    let watched = breaker.clone();
    // The check goes through the breaker, so that an open one is probed even where nobody else calls.
    let check = move || watched.call(ping).is_ok();
    let interval = Duration::from_millis(20);
    let health = Health::builder()
        .component(Component::new("payments", check).critical(true).interval(interval))
        .start()?;
    let metrics = MetricsCollector::new();
    metrics.increment("payments_made", &[]);

    let (live, ready, report, scraped) = (health.clone(), health.clone(), health.clone(), metrics.clone());
    let server = Endpoints::builder()
        .live(move || Answer::json(live.is_live(), "live"))
        .ready(move || Answer::json(ready.is_ready(), "ready"))
        .health(move |_reader| Answer::json(report.is_ready(), &report.report()))
        .metrics(move |exposition| match exposition {
            Exposition::OpenMetrics => scraped.export(Format::OpenMetrics),
            _ => scraped.export(Format::Classic),
        })
        .circuit_breakers(move || [breaker.snapshot()])
        .serve("127.0.0.1:0")?;
    let address = server.local_addr();

    // Nothing is taken for healthy before it has been seen.
    let start = Instant::now();
    while !health.is_ready() && start.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(5));
    }
    for path in ["/live", "/ready", "/health", "/metrics", "/circuit-breakers", "/status"] {
        println!("GET {path}\n  {}", get(address, path)?);
    }
    assert!(get(address, "/ready")?.starts_with("HTTP/1.1 200 "));
    assert!(get(address, "/metrics")?.contains("payments_made"));
    assert!(get(address, "/status")?.starts_with("HTTP/1.1 404 "), "no closure, no route");
    Ok(())
}

fn get(address: SocketAddr, path: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
