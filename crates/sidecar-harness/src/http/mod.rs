//! HTTP in its own words, over a raw socket: a client library would refuse to send half of what servers get.

mod client;
mod once;
mod reply;
mod stream;

pub use client::Client;
pub use once::{ask, get, try_ask};
pub use reply::Reply;

use std::net::SocketAddr;

/// Where a server can be reached that listens on every address.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { ([127, 0, 0, 1], address.port()).into() } else { address }
}
