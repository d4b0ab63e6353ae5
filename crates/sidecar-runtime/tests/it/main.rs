//! How the runtime behaves, from outside.

mod adaptive;
#[cfg(feature = "alertmanager")]
mod alerts;
#[cfg(feature = "macros")]
mod attributes;
mod breakers;
#[cfg(target_os = "linux")]
mod budgets;
#[cfg(all(feature = "http", target_os = "linux"))]
mod chaos;
mod composition;
mod config;
mod conservation;
mod ending;
#[cfg(feature = "facade")]
mod facade;
#[cfg(target_os = "linux")]
mod forking;
#[cfg(target_os = "linux")]
mod governing;
mod handlers;
#[cfg(feature = "http")]
mod history;
mod independence;
mod live_keys;
#[cfg(all(feature = "http", feature = "macros"))]
mod performance;
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
mod hung;
#[cfg(all(feature = "pprof", target_os = "linux"))]
mod profiles;
#[cfg(feature = "http")]
mod redaction;
