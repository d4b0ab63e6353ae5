//! How the runtime behaves, from outside.

mod adaptive;
#[cfg(feature = "macros")]
mod attributes;
mod breakers;
mod composition;
mod config;
mod conservation;
mod ending;
#[cfg(target_os = "linux")]
mod forking;
mod handlers;
mod independence;
mod live_keys;
mod quick_start;
mod readiness;
mod reloading;
mod series;
mod start_errors;
mod support;
mod switched_off;
#[cfg(target_os = "linux")]
mod threads;
mod vital_signs;
mod vitals;

#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
mod draining;
#[cfg(feature = "http")]
mod endpoints;
#[cfg(feature = "http")]
mod redaction;
