//! The sidecar runtime: the pieces, composed and wired, behind one guard.
//!
//! Every piece is a crate of its own and stands here as a module. This crate adds what joins them: the sampler
//! decides what the observer takes, every piece's state appears as metrics and as health components, the
//! breakers appear beside them, and the endpoints read all of it. It holds no algorithm.
//!
//! # Example
//! ```
//! use sidecar_runtime::{Sidecar, SidecarConfig, observe};
//! use std::time::Duration;
//!
//! let config = SidecarConfig::default().sampling_rate("test_events", 1.0);
//! let sidecar = Sidecar::builder().config(config).start()?;
//! sidecar.register_handler("test_failure", |event| println!("{:?} failed", event.test()));
//!
//! observe!(sidecar, "test_failure", test_id = "test_123");
//!
//! assert!(sidecar.get_metrics().contains_key("sidecar_events_total"));
//! let report = sidecar.stop(Duration::from_secs(1));
//! assert_eq!((report.processed, report.waiting), (1, 0));
//! # Ok::<(), sidecar_runtime::StartError>(())
//! ```
//!
//! # How it works
//! ```text
//! host thread   observe! -> sampler -> lane ~~> "sidecar-worker"  handlers, ledger
//! periodic      "sidecar-tick": health, profiler, list of breakers
//! scrape        "sidecar-http": snapshots of all pieces -> JSON, Prometheus, OpenMetrics
//! ```
//! [`Sidecar`] is the guard: it is not `Clone`, and dropping it stops everything. [`SidecarHandle`] is what the
//! rest of the program holds: it is cheap to clone and keeps nothing running.
//!
//! # Choosing settings
//! [`SidecarConfig`] has them all, with their defaults and units; files and environment variables fill it.
//!
//! # Cost
//! That of the pieces, each of which says its own; the wiring itself is only called when somebody scrapes, and
//! once a second by the periodic thread.
//!
//! # Limits
//! - Two sidecars in one process are independent, but each counts the other's threads as its own CPU.
//! - A check that holds a [`SidecarHandle`] forms a cycle: the pieces' memory is then kept after the sidecar has
//!   stopped, but nothing runs any more. Handlers are let go when it stops.
//! - The operations of `#[monitor_performance]` stand in [`PerfMonitor::global`](perf::PerfMonitor::global), which a
//!   sidecar shows unless it is given another: see [`SidecarBuilder::perf`].
//! - The breakers of `#[protected]` stand in [`BreakerRegistry::global`](breaker::BreakerRegistry::global). Of
//!   several sidecars that run, they follow the configuration and the kill switch of the one that was started first,
//!   and those operations its configuration; when it stops, those of the next one at once, and after the last one they
//!   stay as they are. The others say so in the log and in their component `configuration`. A sidecar shows these breakers if it is given that registry: see
//!   [`SidecarBuilder::breakers`].
//! - Anomalies are looked for in events only where `sampling.adaptive.detect` says so, and only in those that were kept.
//!
//! # Features
//! `macros`: the attributes `#[protected]` and `#[monitor_performance]`. `http`: the endpoints. `tower`: layers
//! of [`breaker`] and [`perf`] for tower's services and, with `http`, the endpoints as such a service. `tracing-layer`:
//! spans of `tracing` as operations, see [`perf`]. `tokio`: asynchronous checks and a
//! watch on the application's runtime, see [`health`]. `disk`: a check of free space. `facade`: the collector as the
//! recorder of the `metrics` facade, see [`metrics`]. `alertmanager`: alerts are posted to an Alertmanager, through a
//! breaker. `full`: all of these. `pprof`, which is not among them: `GET /debug/profile`, where `http::HttpSettings`
//! has `profiles` on; what a signal handler risks stands with `profiler::CpuProfile`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod builder;
pub mod config;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod sidecar;
mod wiring;

pub use builder::SidecarBuilder;
pub use config::SidecarConfig;
pub use error::StartError;
pub use sidecar::{Sidecar, SidecarHandle};
pub use sidecar_config::{ConfigError, ConfigErrors, Live, Provenance, Reload, Warning};
pub use sidecar_observer::observe;

/// Puts a circuit breaker in front of a function or method.
///
/// As [`breaker::protected`](macro@breaker::protected), which lists its arguments, but that it finds the breaker at
/// `::sidecar_runtime::breaker`. What is not given follows `observability.circuit_breaker` of the configuration.
///
/// ```
/// use sidecar_runtime::protected;
///
/// #[protected(failure_threshold = 3, timeout = 30)]
/// fn read(path: &str) -> std::io::Result<String> {
///     std::fs::read_to_string(path)
/// }
///
/// for _ in 0..3 {
///     assert_eq!(read("/none").unwrap_err().kind(), std::io::ErrorKind::NotFound);
/// }
/// let refused = read("/none").unwrap_err();
/// assert!(refused.get_ref().is_some_and(|error| error.is::<sidecar_runtime::breaker::Rejected>()));
/// ```
#[cfg(feature = "macros")]
#[doc(inline)]
pub use sidecar_macros::protected_of_the_facade as protected;

/// Measures a function or method as an operation.
///
/// As [`perf::monitor_performance`](macro@perf::monitor_performance), which lists its arguments, but that it finds the
/// monitor at `::sidecar_runtime::perf`.
///
/// ```
/// use sidecar_runtime::{monitor_performance, perf::PerfMonitor};
///
/// #[monitor_performance(operation_name = "transform_test")]
/// fn transform_test_case(test_code: &str) -> String {
///     test_code.to_uppercase()
/// }
///
/// assert_eq!(transform_test_case("code"), "CODE");
/// let metrics = PerfMonitor::global().operation_metrics("transform_test").expect("it was called");
/// assert!(metrics.latency_p95.is_some());
/// ```
#[cfg(feature = "macros")]
#[doc(inline)]
pub use sidecar_macros::monitor_performance_of_the_facade as monitor_performance;

#[doc(inline)]
pub use sidecar_breaker as breaker;
#[doc(inline)]
pub use sidecar_health as health;
#[doc(inline)]
pub use sidecar_metrics as metrics;
#[doc(inline)]
pub use sidecar_observer as observer;
#[doc(inline)]
pub use sidecar_perf as perf;
#[doc(inline)]
pub use sidecar_profiler as profiler;
#[doc(inline)]
pub use sidecar_sampler as sampler;
