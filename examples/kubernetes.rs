//! A service as Kubernetes runs it: probes on a port of their own, and after SIGTERM nothing that was begun is lost.
//!
//! The order: `/ready` says 503, so that no new work is sent here; what is in flight is finished; the server closes;
//! the sidecar handles what waits, and stops.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use axum::{Router, routing};
use sidecar_runtime::health::Component;
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use signal_hook::consts::SIGTERM;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long requests may still arrive after SIGTERM: until every proxy has seen that this pod is not ready. In a
/// cluster some seconds, and less than `terminationGracePeriodSeconds` together with the longest request.
const DRAIN: Duration = Duration::from_millis(200);

/// Only something that is broken makes anybody wait this long.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let term = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&term))?;

    let database = Component::new("database", || true).critical(true).interval(Duration::from_millis(50));
    let config = SidecarConfig::default().sampling_rate("events", 1.0);
    let sidecar = Sidecar::builder().config(config).component(database).http("127.0.0.1:0").start()?;
    let probes = sidecar.local_addr().ok_or("it serves")?;

    // Work that takes until the client lets it go.
    let (begun, release) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let handle = sidecar.handle();
    let work = {
        let (begun, release) = (Arc::clone(&begun), Arc::clone(&release));
        move || async move {
            begun.add_permits(1);
            let _permit = release.acquire().await;
            observe!(handle, "order_placed", items = 3);
            "done"
        }
    };
    let app = Router::new().route("/orders", routing::get(work));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let orders = listener.local_addr()?;
    let client =
        thread::spawn(move || drive(orders, probes, &begun, &release).map_err(|error| error.to_string()));

    let handle = sidecar.handle();
    runtime.block_on(async {
        let drained = async move {
            while !term.load(SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            println!("SIGTERM: not ready");
            handle.health().drain();
            tokio::time::sleep(DRAIN).await;
            println!("drained: no new connections");
        };
        axum::serve(listener, app).with_graceful_shutdown(drained).await
    })?;
    println!("every request is finished");
    let report = sidecar.stop(Duration::from_secs(5));
    println!("{} events handled, {} left", report.processed, report.waiting);
    assert_eq!((report.processed, report.waiting), (1, 0));
    client.join().expect("the client does not panic")?;
    Ok(())
}

/// What the cluster and its clients do.
fn drive(
    orders: SocketAddr,
    probes: SocketAddr,
    begun: &Semaphore,
    release: &Semaphore,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    until(|| Ok(get(probes, "/startup")?.0 == 200 && get(probes, "/ready")?.0 == 200))?;
    println!("client: ready");
    let order = thread::spawn(move || get(orders, "/orders"));
    until(|| Ok(begun.available_permits() == 1))?;
    signal_hook::low_level::raise(SIGTERM)?;
    until(|| Ok(get(probes, "/ready")?.0 == 503))?;
    assert_eq!(get(probes, "/live")?.0, 200, "whoever drains is alive, and must not be restarted");
    println!("client: not ready, and alive");
    release.add_permits(1);
    let answer = order.join().expect("the client does not panic")?;
    println!("client: the order is {}", answer.1);
    assert_eq!(answer, (200, "done".to_owned()), "what was begun is finished");
    Ok(())
}

fn until(mut what: impl FnMut() -> Result<bool, std::io::Error>) -> Result<(), std::io::Error> {
    let start = Instant::now();
    while !what()? {
        assert!(start.elapsed() < PATIENCE, "it takes too long");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Status and body.
fn get(address: SocketAddr, path: &str) -> Result<(u16, String), std::io::Error> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, body.to_owned()))
}
