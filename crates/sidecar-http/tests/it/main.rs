//! Real servers on free loopback ports, asked over raw sockets.

mod access;
mod cap;
mod commands;
mod corpus;
#[cfg(target_os = "linux")]
mod crowd;
mod deadlines;
#[cfg(target_os = "linux")]
mod exhaustion;
mod faults;
mod heads;
mod ingest;
#[cfg(feature = "tower")]
mod mounted;
mod page;
mod profile;
mod routes;
mod settings;
mod shutdown;
mod stream;
#[cfg(unix)]
mod unix;
mod workers;
