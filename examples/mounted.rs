//! The endpoints inside the application's own server: its port, its threads, its TLS, its limits.
//!
//! Any server that takes tower's services will do; this one is axum.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use axum::Router;
use axum::routing;
use sidecar_runtime::{Sidecar, SidecarConfig};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    // No `http(..)`: the sidecar starts no server of its own.
    let sidecar = Sidecar::builder().config(SidecarConfig::default()).start()?;
    let _breaker = sidecar.breakers().register(sidecar.breaker("ai_api"))?;
    // A mounted service cannot know who reaches it, so it asks for the token wherever it is.
    let service = sidecar.endpoints().token("s3cret").into_service()?;
    let app =
        Router::new().route("/hello", routing::get(|| async { "hello" })).nest_service("/sidecar", service);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));

    println!("GET /hello\n  {}", get(address, "/hello", "")?);
    println!("GET /sidecar/ready\n  {}", get(address, "/sidecar/ready", "")?);
    println!("GET /sidecar/metrics, without the token\n  {}", get(address, "/sidecar/metrics", "")?);
    let breakers = get(address, "/sidecar/circuit-breakers", "Authorization: Bearer s3cret\r\n")?;
    println!("GET /sidecar/circuit-breakers, with it\n  {breakers}");
    assert!(breakers.starts_with(r#"{"ai_api":{"#), "{breakers}");

    let _ = sidecar.stop(Duration::from_secs(1));
    assert!(get(address, "/sidecar/ready", "")?.contains("not_ready"));
    Ok(())
}

fn get(address: SocketAddr, path: &str, headers: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a head and a body")?;
    Ok(body.to_owned())
}
