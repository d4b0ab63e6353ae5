//! What the process uses of CPU, memory and threads, and how much of that is the sidecar's own doing.
//!
//! The crate measures, keeps a bounded history and says whether the sidecar is within its budget. It sheds no
//! work: what to do about a breach is its caller's decision. The host's use of the process is shown and never
//! counts against the budget.
//!
//! # Example
//! ```
//! use sidecar_profiler::Profiler;
//! use std::time::Duration;
//!
//! let profiler = Profiler::builder().max_cpu_percent(5.0).max_memory_mb(100.0).start()?;
//! profiler.account("queue", || 4_096)?;
//! assert!(profiler.snapshot().memory_mb > 0.0);
//! assert!(!profiler.is_over_budget().memory_over_budget);
//! if let Some(minute) = profiler.summary(Duration::from_secs(60)) {
//!     assert!(minute.cpu_percent.p50 <= minute.cpu_percent.maximum);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//! A tick reads totals: the CPU time and memory of the process (through sysinfo, this process alone), and on
//! Linux the CPU time of each of the sidecar's threads. Rates are the rise of totals over the time between two
//! readings, so the first reading is only what the second is measured against; until then a snapshot shows the
//! average since the process began.
//!
//! The own share has three parts. The *threads* are those that [`threads`](sidecar_core::threads) lists, whoever
//! started them and whatever the host calls its own; what each used since it was read last is added up, so the
//! total does not fall when a thread ends. *Charges* are closures that tell how
//! much CPU time the sidecar has cost the host's threads, for instance an estimate of what `observe` calls took.
//! *Accounts* are closures that tell how many bytes a piece holds: resident memory cannot be told apart by owner,
//! and stays high after memory was freed.
//!
//! Beside the figures of the process stand the limits that control groups set for it, of either version: the lowest
//! of its own group and of the ancestors that a mount shows. They are read every 30 s and drive nothing.
//!
//! The CPU budget is judged over the last 10 s of readings, the memory budget at the latest one.
//!
//! # Settings
//! | field | default | range |
//! | --- | --- | --- |
//! | `interval` | 1 s | 200 ms to 1 h |
//! | `max_cpu_percent` | 5.0 | above 0; percent of one core |
//! | `max_memory_mb` | 100.0 | above 0; MB of 1 048 576 bytes |
//!
//! # Cost
//! One reading per interval, on the ticking thread: a few files of `/proc/self`, then one for each sidecar
//! thread, however many threads the host has.
//! Snapshots and budget reports copy the latest figures; a summary copies the readings of its
//! window and puts each of its four figures through a stream of its own.
//! Host threads take no part in any of it.
//!
//! # Limits
//! - The history holds [`MAX_READINGS`] readings of 56 bytes, which count as the sidecar's own memory. There are
//!   at most [`MAX_METERS`] accounts and as many charges. At most 1 024 of the sidecar's threads are counted
//!   at a time.
//! - The threads are those of all sidecars of the process together.
//! - On Linux the CPU time of the process comes in steps of 10 ms; that of the sidecar's threads is exact to the
//!   nanosecond. A kernel built without `CONFIG_SCHED_INFO` shows 0 for the latter.
//! - What a thread uses between its last reading and its end is not seen, nor is one that lives shorter than
//!   an interval.
//! - A reading that fails leaves the figures as they were, and is counted in `failed_readings`.
//! - A limit that only ancestors outside of the container have is not seen, and neither are limits of CPU sets.
//! - On macOS and Windows there are no limits of control groups, the thread count and the CPU time of the
//!   sidecar's threads are missing (`None`), so the own CPU share is made of charges alone, and the peak of the
//!   memory is the most seen at a reading.
//!
//! # Features
//! - `serde`: `Serialize` for snapshots, summaries and budget reports, with RFC 3339 times. Off by default.
//! - `pprof`: `CpuProfile`, samples of what the process spends its CPU time on, on Linux. It installs a signal handler
//!   while a profile is taken; its documentation states the risks. Off by default.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod allowance;
mod books;
mod budget;
mod builder;
#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(feature = "pprof")]
mod cpu_profile;
mod driver;
mod governor;
mod history;
mod meters;
#[cfg(target_os = "linux")]
mod own_threads;
mod percentiles;
mod process;
#[cfg(target_os = "linux")]
mod procfs;
mod profiler;
mod snapshot;
mod source;
mod summary;

pub use allowance::Allowance;
pub use budget::{BUDGET_WINDOW, BudgetReport};
pub use builder::{
    DEFAULT_INTERVAL, DEFAULT_MAX_CPU_PERCENT, DEFAULT_MAX_MEMORY_MB, MAX_INTERVAL, MIN_INTERVAL,
    ProfilerBuilder,
};
#[cfg(feature = "pprof")]
pub use cpu_profile::{CpuProfile, MAX_PROFILE_DURATION, PROFILE_HERTZ, ProfileError};
pub use governor::{Decision, Governor, Window};
pub use history::MAX_READINGS;
pub use meters::{MAX_METERS, NoRoom};
pub use percentiles::PERCENTILE_ERROR;
pub use profiler::Profiler;
pub use sidecar_core::{Clock, SettingsError, StartError};
pub use snapshot::{BYTES_PER_MB, OwnShare, Snapshot};
pub use source::{Reading, Source};
pub use summary::{Figures, Summary};
