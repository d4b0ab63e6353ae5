//! Events over HTTP.

use flate2::Compression;
use flate2::write::GzEncoder;
use sidecar_harness::http::{Reply, ask};
use std::io::Write;
use std::net::SocketAddr;

/// Sends events, one per line.
#[track_caller]
pub(crate) fn post(address: SocketAddr, headers: &[&str], body: &[u8]) -> Reply {
    let headers: Vec<&str> = ["Content-Type: application/x-ndjson"].iter().chain(headers).copied().collect();
    ask(address, "POST /events", &headers, body)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory does not fail");
    encoder.finish().expect("memory does not fail")
}
