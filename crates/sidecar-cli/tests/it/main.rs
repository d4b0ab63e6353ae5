//! The real program, run as a child process, with real files, pipes, ports and signals.

#![cfg(unix)]

mod access;
mod config;
mod draining;
mod endpoints;
mod formats;
mod garbage;
mod hangup;
mod hook;
mod http;
mod ingest;
mod pipes;
mod program;
mod push;
mod recording;
mod refusals;
mod sampling;
mod signals;
mod summary;
mod webhook;
