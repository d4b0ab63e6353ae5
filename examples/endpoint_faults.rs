//! Faults of clients: each is a script, run against this project's endpoints and against two other servers that people
//! put beside a program for its probes and metrics.
//!
//! It prints the table of `docs/endpoint-faults.md`, which says how each server is set. All scripts run at once, because
//! most of the time is spent waiting.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use metrics_exporter_prometheus::PrometheusBuilder;
use sidecar_runtime::{Sidecar, SidecarConfig};
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long a script looks at a connection that ours closes after 5 s.
const LOOK: Duration = Duration::from_secs(9);
/// What nobody should have to wait for an answer.
const LONG: Duration = Duration::from_secs(3);

/// A server that is running, and a path that it answers.
#[derive(Clone, Copy)]
struct Server {
    address: SocketAddr,
    path: &'static str,
}

type Script = fn(Server) -> Result<String, Box<dyn Error>>;

const SCRIPTS: [(&str, Script); 6] = [
    ("A head that is begun and never ended", unfinished),
    ("A head that trickles in, a byte every half second", trickling),
    ("A head of 64 KiB", large),
    ("A request under a foreign name (DNS rebinding)", rebinding),
    ("A POST to a path that is read", posted),
    ("A body of 1 MiB where none belongs", body),
];

fn main() -> Result<(), Box<dyn Error>> {
    let sidecar = Sidecar::builder().config(SidecarConfig::default()).http("127.0.0.1:0").start()?;
    let ours = sidecar.local_addr().ok_or("it serves")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let servers = [
        Server { address: ours, path: "/live" },
        Server { address: axum(&runtime)?, path: "/live" },
        Server { address: exporter(&runtime)?, path: "/health" },
    ];
    println!("| | sidecar-http | axum::serve | metrics-exporter-prometheus |");
    println!("| --- | --- | --- | --- |");
    let rows = thread::scope(|scope| {
        let start =
            |script: Script, server| scope.spawn(move || script(server).map_err(|error| error.to_string()));
        let rows = SCRIPTS.map(|(fault, script)| (fault, servers.map(|server| start(script, server))));
        rows.map(|(fault, cells)| {
            (fault, cells.map(|cell| cell.join().unwrap_or_else(|_| Err("the script panicked".to_owned()))))
        })
    });
    for (fault, [ours, axum, exporter]) in rows {
        println!("| {fault} | {} | {} | {} |", ours?, axum?, exporter?);
    }
    for server in servers {
        assert!(status(server, "GET", "localhost", "")?.contains("200"), "it still answers");
    }
    Ok(())
}

/// Nothing but the defaults.
fn axum(runtime: &Runtime) -> Result<SocketAddr, Box<dyn Error>> {
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let app = axum::Router::new().route("/live", axum::routing::get(|| async { "live" }));
    runtime.spawn(async { axum::serve(listener, app).await });
    Ok(address)
}

/// Its listener does not say which port it got, so it is told one that was free a moment ago.
fn exporter(runtime: &Runtime) -> Result<SocketAddr, Box<dyn Error>> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let builder = PrometheusBuilder::new().with_http_listener(address);
    let (_, listening) = runtime.block_on(async { builder.build() })?;
    runtime.spawn(async { listening.await.is_ok() });
    Ok(address)
}

fn unfinished(server: Server) -> Result<String, Box<dyn Error>> {
    let mut stream = connect(server)?;
    write!(stream, "GET {} HTTP/1.1\r\nHost: localhost\r\n", server.path)?;
    Ok(is_open_after(stream, LOOK, None))
}

fn trickling(server: Server) -> Result<String, Box<dyn Error>> {
    let mut stream = connect(server)?;
    write!(stream, "GET {} HTTP/1.1\r\nHost: localhost\r\nX-A: ", server.path)?;
    Ok(is_open_after(stream, LOOK, Some(b"a")))
}

fn large(server: Server) -> Result<String, Box<dyn Error>> {
    status(server, "GET", "localhost", &format!("X-A: {}\r\n", "a".repeat(64 << 10)))
}

fn rebinding(server: Server) -> Result<String, Box<dyn Error>> {
    status(server, "GET", "attacker.example", "")
}

fn posted(server: Server) -> Result<String, Box<dyn Error>> {
    status(server, "POST", "localhost", "Content-Length: 0\r\n")
}

fn body(server: Server) -> Result<String, Box<dyn Error>> {
    status(server, "GET", "localhost", "Content-Length: 1048576\r\n")
}

/// Whether the connection is still open then, while a byte goes out now and then.
fn is_open_after(mut stream: TcpStream, time: Duration, trickle: Option<&[u8]>) -> String {
    let begun = Instant::now();
    let mut answer = [0; 64];
    while begun.elapsed() < time {
        match stream.read(&mut answer) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(read) if read > 0 => {}
            _ => return format!("closed within {} s", time.as_secs()),
        }
        if trickle.is_some_and(|bytes| stream.write_all(bytes).is_err()) {
            return format!("closed within {} s", time.as_secs());
        }
    }
    format!("open after {} s", time.as_secs())
}

/// The status of the answer; the body that was announced never comes.
fn status(server: Server, method: &str, host: &str, headers: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = connect(server)?;
    // A server may answer and close before it has read all of a large head.
    let _ = write!(stream, "{method} {} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n", server.path);
    let begun = Instant::now();
    let mut answer = Vec::new();
    while !answer.contains(&b'\n') && begun.elapsed() < LONG {
        let mut part = [0; 256];
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&part[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    let line = String::from_utf8_lossy(&answer);
    let status = line.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    Ok(status.map_or_else(|| "no answer".to_owned(), |status| format!("answers {status}")))
}

fn connect(server: Server) -> Result<TcpStream, Box<dyn Error>> {
    let stream = TcpStream::connect(server.address)?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    Ok(stream)
}
