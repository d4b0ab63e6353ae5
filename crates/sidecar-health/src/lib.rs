//! Health checks whose results are leases: green is proof of a recent success, never a memory.
//!
//! A [`Component`] is a name and a check. [`Health`] runs the checks in the background and says, whenever it
//! is asked, how each component and the whole stand, and tells listeners what changes of
//! [components](Health::on_change) and of [the whole](Health::on_status_change).
//! Serving that over HTTP and publishing metrics are left to the reader of [`HealthReport`].
//!
//! ```
//! use sidecar_health::{CheckResult, Component, Health, Status};
//!
//! # fn ping() -> std::io::Result<()> { Ok(()) }
//! let health = Health::builder()
//!     .component(Component::new("database", || -> CheckResult { Ok(ping()?) }).critical(true))
//!     .start()?;
//! while !health.is_ready() {
//!     std::thread::yield_now(); // until the first check has succeeded
//! }
//! let report = health.report();
//! assert_eq!(report.status(), Status::Healthy);
//! assert!(report.component("database").is_some_and(|database| database.is_critical()));
//! # Ok::<(), sidecar_health::StartError>(())
//! ```
//!
//! # How it works
//! ```text
//!            success_threshold successes            failure_threshold failures,
//!                    in a row                       or no success for max_age
//!  unknown ------------------------> healthy or  ------------------------------> unhealthy
//!     |                              degraded    <------------------------------     ^
//!     |                                            success_threshold successes       |
//!     +------------------------------------------------------------------------------+
//!                              failure_threshold failures in a row
//! ```
//! - **A result is a lease.** When someone reads, a component is healthy or degraded only if a success is
//!   younger than its `max_age`. Nothing has to happen for a lease to run out, so it does even when every
//!   thread of this crate is dead.
//! - **The scheduler is a component too**, critical and named `scheduler`: each look it takes is a success
//!   with a lease of its own. If it dies, the whole is unhealthy within `scheduler_max_age`.
//! - **A check fails alone.** Each has one thread, or is a task on a runtime. A run over its timeout is
//!   a failure ([`Cause::Timeout`]),
//!   and again after each further interval; it is never started a second time while it hangs. A panic is a
//!   failure ([`Cause::Panicked`]), and the check is called again when it is due.
//! - **What depends on something that fails is not checked.** A component may
//!   [depend on](Component::depends_on) others; while one of them is unhealthy it is unknown
//!   ([`Cause::Dependency`]), and checked at once when all have recovered. What fails by itself is among the
//!   [root causes](HealthReport::root_causes).
//! - **A [`Heartbeat`] is a lease too**, renewed by a part of the application instead of by a check. One that
//!   nobody renews, or whose handle was dropped, has failed.
//! - **The whole** is the worst of every critical component's status and every other's capped at
//!   `degraded`. When at least two of the application's components fail and the share of the others is below
//!   `degraded_threshold`, it is unhealthy.
//! - **Three questions.** [`is_live`](Health::is_live) depends on heartbeats, on a watched runtime, and on no check,
//!   [`is_ready`](Health::is_ready) on the critical components that the application registered and on
//!   [`Lifecycle`], [`is_started`](Health::is_started) on their having been up once.
//!
//! # Settings
//! | of a [`Component`] | default | range |
//! | --- | --- | --- |
//! | `critical` | false | |
//! | `interval` | `check_interval` | 1 ms to 24 h |
//! | `timeout` | 5 s | 1 ms to 24 h |
//! | `jitter` | 0.1 | 0.0 to 0.5 of the interval |
//! | `failure_threshold` | 3 | at least 1 |
//! | `success_threshold` | 1 | at least 1 |
//! | `depends_on` | none | at most 16, without cycles |
//! | `max_age` | `(failure_threshold + 1) x interval + timeout + jitter` | at least `interval + timeout` |
//!
//! | of the whole ([`HealthBuilder`]) | default | range |
//! | --- | --- | --- |
//! | `enabled` | true | |
//! | `check_interval` | 30 s | 1 ms to 24 h |
//! | `degraded_threshold` | 0.7 | 0.0 (off) to 1.0 |
//! | `critical_components` | none | |
//! | `built_in_interval` | 1 s | 1 ms to 24 h |
//! | `scheduler_max_age` | 5 s | at least 2 x `built_in_interval` |
//! | `runtime` (`tokio`) | the caller's | |
//! | `watch_runtime` (`tokio`) | none | |
//! | `runtime_ready_limit` (`tokio`) | 5 s | at least 2 x `built_in_interval` |
//! | `runtime_live_limit` (`tokio`) | 30 s | at least `runtime_ready_limit` |
//!
//! # Cost
//! Reading takes no lock, runs no check and costs time in proportion to the number of components; it does
//! not change how often checks run. Each component has one thread, asleep between runs, from its first run
//! on; the scheduler has one more, unless [`Health::tick`] is called by a thread that exists anyway.
//!
//! # Limits
//! - At most 256 components of the application, heartbeats included, 2 048 built in, 256 threads
//!   and 256 tasks with checks (a check that hangs
//!   keeps its place even after its component is removed; when all are taken, a check that has no place
//!   yet fails with [`Cause::Error`]), 16 transitions per component, 16
//!   listeners with 256 changes waiting for each, 1 024 bytes and 16 numbers per outcome.
//! - Built with `panic = "abort"`, a check that panics ends the process, as any panic does.
//! - Leases are measured on [`Clock`], which may or may not count the time that a machine sleeps. Should it
//!   step back, a success dated further ahead than its lease is long counts as stale, and a check whose next
//!   run is more than two intervals ahead runs at once.
//!
//! # Features
//! | feature | what it adds |
//! | --- | --- |
//! | `serde` | `Serialize` for [`HealthReport`], [`ComponentHealth`], [`Status`] and [`Cause`] |
//! | `tokio` | `Component::new_async`, `HealthBuilder::runtime`, `HealthBuilder::watch_runtime`, `checks::watch` |
//! | `disk` | `checks::disk_space` |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod aggregate;
mod builder;
mod built_in;
#[cfg(feature = "tokio")]
mod canary;
pub mod checks;
mod component;
mod contained;
mod engine;
mod error;
mod evidence;
mod graph;
mod health;
mod heartbeat;
mod history;
mod hysteresis;
#[cfg(feature = "serde")]
mod json;
mod lifecycle;
mod listeners;
mod names;
mod outcome;
mod pulse;
mod report;
mod schedule;
mod settings;
mod slot;
mod snapshot;
mod state;
mod status;
mod table;
#[cfg(feature = "tokio")]
mod task;
mod worker;

pub use builder::{
    DEFAULT_BUILT_IN_INTERVAL, DEFAULT_CHECK_INTERVAL, DEFAULT_DEGRADED_THRESHOLD, DEFAULT_SCHEDULER_MAX_AGE,
    HealthBuilder,
};
#[cfg(feature = "tokio")]
pub use builder::{DEFAULT_RUNTIME_LIVE_LIMIT, DEFAULT_RUNTIME_READY_LIMIT};
pub use built_in::BuiltIn;
pub use component::{
    Component, DEFAULT_FAILURE_THRESHOLD, DEFAULT_JITTER, DEFAULT_SUCCESS_THRESHOLD, DEFAULT_TIMEOUT,
    MAX_DEPENDENCIES,
};
pub use error::RegisterError;
pub use health::Health;
pub use heartbeat::Heartbeat;
pub use history::{MAX_TRANSITIONS, StatusChange, Transition};
pub use lifecycle::Lifecycle;
pub use listeners::{ListenerId, MAX_LISTENERS, MAX_WAITING_TRANSITIONS};
pub use names::MAX_NAME_BYTES;
pub use outcome::{
    CheckOutcome, CheckResult, IntoOutcome, MAX_MESSAGE_BYTES, MAX_NUMBER_NAME_BYTES, MAX_NUMBERS,
};
pub use report::{ComponentHealth, HealthReport};
pub use settings::HealthSettings;
pub use sidecar_core::{Clock, SettingsError, StartError};
pub use status::{Cause, Status};
pub use table::{MAX_BUILT_INS, MAX_COMPONENTS};
pub use worker::MAX_THREADS;
