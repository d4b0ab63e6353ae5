//! Resilient calls of an API that fails, hangs and recovers: a time limit, a breaker, a fallback, and what it all took.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::breaker::{BreakerRegistry, State};
use sidecar_runtime::perf::PerfMonitor;
use sidecar_runtime::{Sidecar, SidecarConfig, monitor_performance, protected};
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long a call may take, from the request to the end of the answer.
const LIMIT: Duration = Duration::from_secs(2);

/// What the server does with its requests, one after the other.
enum Does {
    Answer,
    Refuse,
    Hang,
}
const SCRIPT: [Does; 6] = [Does::Answer, Does::Answer, Does::Refuse, Does::Refuse, Does::Hang, Does::Answer];

/// The breaker refuses without asking; then the fallback runs. A call that fails tells its caller why.
#[protected(name = "ai_api", failure_threshold = 3, timeout = 2, success_threshold = 1, fallback = unchanged)]
#[monitor_performance(operation_name = "ai_transformation")]
fn transform(server: SocketAddr, code: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&server, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(stream, "GET /{code} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    if head.starts_with("HTTP/1.0 200") {
        Ok(body.to_owned())
    } else {
        Err(io::Error::other(head.to_owned()))
    }
}

fn unchanged(_: SocketAddr, code: &str) -> io::Result<String> {
    Ok(format!("{code}, as it was"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let breakers = BreakerRegistry::global();
    let sidecar = Sidecar::builder().config(SidecarConfig::default()).breakers(breakers.clone()).start()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    let serving = thread::spawn(move || serve(&listener));

    let mut answers = Vec::new();
    for number in 1..=7 {
        let answer = transform(server, &format!("test_{number}")).map_err(|error| error.kind());
        println!("call {number}: {answer:?}");
        answers.push(answer);
    }
    // Of seven calls five have reached the server: two answers, three failures. Then nobody waits any more.
    assert!(answers[..2].iter().all(|answer| answer.as_deref().is_ok_and(|answer| answer == "transformed")));
    assert!(answers[2..5].iter().all(Result::is_err));
    assert!(
        answers[5..].iter().all(|answer| answer.as_deref().is_ok_and(|answer| answer.ends_with("as it was")))
    );

    let breaker = breakers.get("ai_api").ok_or("it was called")?;
    assert_eq!(breaker.state(), State::Open);
    // One probe, once the timeout is over.
    thread::sleep(Duration::from_millis(2_100));
    println!("probe: {:?}", transform(server, "test_8")?);
    assert_eq!(breaker.state(), State::Closed);

    let snapshot = breaker.snapshot();
    println!(
        "{}: {}; {} successes, {} failures, {} refused",
        snapshot.name, snapshot.state, snapshot.successes, snapshot.failures, snapshot.rejected
    );
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.rejected), (3, 3, 2));
    // A refused call is no operation: it took nobody's time.
    let metrics = PerfMonitor::global().operation_metrics("ai_transformation").ok_or("it was called")?;
    println!("{} measured, the longest {:?} ms", metrics.since_start.count, metrics.since_start.latency_max);
    assert_eq!((metrics.since_start.count, metrics.since_start.failures), (6, 3));

    serving.join().expect("the server has no trouble")?;
    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}

fn serve(listener: &TcpListener) -> io::Result<()> {
    let mut hung = Vec::new();
    for does in SCRIPT {
        let (mut stream, _) = listener.accept()?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        match does {
            Does::Answer => stream.write_all(b"HTTP/1.0 200 OK\r\n\r\ntransformed")?,
            Does::Refuse => stream.write_all(b"HTTP/1.0 503 Service Unavailable\r\n\r\n")?,
            Does::Hang => hung.push(stream),
        }
    }
    Ok(())
}
