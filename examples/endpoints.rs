//! The endpoints: started with the sidecar, on a thread of their own, and asked like a probe would.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::health::Component;
use sidecar_runtime::{Sidecar, SidecarConfig};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let sidecar = Sidecar::builder()
        .config(SidecarConfig::default())
        .component(Component::new("database", || true).critical(true))
        .http("127.0.0.1:0")
        .start()?;
    let breaker = sidecar.breakers().register(sidecar.breaker("ai_api"))?;
    breaker.trip();

    let address = sidecar.local_addr().ok_or("it serves")?;
    for path in ["/live", "/health", "/circuit-breakers"] {
        println!("GET {path}\n  {}", get(address, path)?);
    }
    assert!(get(address, "/circuit-breakers")?.contains(r#""state":"OPEN""#));
    assert!(get(address, "/metrics")?.contains(r#"sidecar_breaker_state{breaker="ai_api",state="OPEN"} 1"#));

    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}

fn get(address: SocketAddr, path: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a head and a body")?;
    Ok(body.to_owned())
}
