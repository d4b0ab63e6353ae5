//! The attributes on functions: a breaker in front of each, which follows the configuration and obeys commands by name.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::breaker::BreakerRegistry;
use sidecar_runtime::{Sidecar, SidecarConfig, protected};
use std::error::Error;
use std::io;

/// What the example pretends to talk to.
fn get(url: &str, is_up: bool) -> io::Result<String> {
    if is_up { Ok(format!("data of {url}")) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
}

#[protected(failure_threshold = 5, timeout = 60)]
fn external_api_call(is_up: bool) -> io::Result<String> {
    get("https://api.example.com/data", is_up)
}

/// Settings that are not given follow the configuration.
#[protected(name = "my_service", fallback = cached)]
async fn my_service(item: &str) -> String {
    std::future::ready(format!("a fresh {item}")).await
}

/// Runs in place of a refused call, with the same arguments.
fn cached(item: &str) -> String {
    format!("a cached {item}")
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    // The breakers of attributes stand in the registry of the process; a sidecar that is given it shows them.
    let breakers = BreakerRegistry::global();
    let mut config = SidecarConfig::default();
    config.observability.circuit_breaker.success_threshold = 1;
    let sidecar = Sidecar::builder().config(config).breakers(breakers.clone()).start()?;

    println!("{}", external_api_call(true)?);
    for _ in 0..5 {
        let error = external_api_call(false).expect_err("it is down");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
    let refused = external_api_call(true).expect_err("the breaker is open");
    println!("{refused}");

    println!("{}", my_service("price").await);
    let breaker = breakers.get("my_service").ok_or("it was called")?;
    assert_eq!(breaker.settings().success_threshold(), 1);
    breaker.trip();
    println!("{}", my_service("price").await);

    for snapshot in sidecar.breakers().snapshots() {
        println!("{}: {}, {} failures", snapshot.name, snapshot.state, snapshot.failure_count);
    }
    breakers.reset_all();
    println!("{}; {}", external_api_call(true)?, my_service("price").await);
    Ok(())
}
