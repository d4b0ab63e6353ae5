//! A circuit breaker on its own: a dependency fails, the circuit opens, and it recovers by probing.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_breaker::{Breaker, CallError, State};
use std::error::Error;
use std::io;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let breaker = Breaker::builder("payments")
        .failure_threshold(3)
        .timeout(Duration::from_millis(20))
        .success_threshold(1)
        .build()?;

    let down = || Err::<u32, _>(io::Error::other("connection refused"));
    for attempt in 1..=4 {
        match breaker.call(down) {
            Err(CallError::Rejected(rejected)) => println!("call {attempt}: {rejected}"),
            Err(CallError::Inner(error)) => println!("call {attempt}: {error}"),
            _ => unreachable!("the dependency is down"),
        }
    }
    assert_eq!(breaker.state(), State::Open);

    std::thread::sleep(Duration::from_millis(30));
    let answer = breaker.call(|| Ok::<_, io::Error>(42))?;
    println!("recovered: {answer}, {}", breaker.state());
    assert_eq!(breaker.state(), State::Closed);

    let snapshot = breaker.snapshot();
    println!(
        "{} failures, {} rejected, {} success",
        snapshot.failures, snapshot.rejected, snapshot.successes
    );
    Ok(())
}
