//! How long operations take, how they end and how many there are, with percentiles that state their error.
//!
//! The crate measures and counts. It keeps no traces, and judges nothing but the objectives it is given.
//!
//! # Example
//! ```
//! use sidecar_perf::PerfMonitor;
//!
//! let monitor = PerfMonitor::builder().percentiles([0.5, 0.95, 0.99]).build()?;
//! let transform = monitor.operation("transform");
//! let text = transform.measure(|| "some work".to_uppercase());
//! let parsed = transform.try_measure(|| text.parse::<u32>());
//! assert!(parsed.is_err());
//!
//! let metrics = monitor.operation_metrics("transform").expect("it was named above");
//! assert_eq!((metrics.successes, metrics.failures), (1, 1));
//! println!("p95 latency: {:?} ms", metrics.latency_p95);
//! # Ok::<(), sidecar_perf::SettingsError>(())
//! ```
//!
//! # How it works
//! Each thread records an operation in a cell of its own: counts by completion, the sum, and a log-linear histogram of
//! 1 249 buckets (32 for each power of two of nanoseconds). Nobody else writes there, so nothing is locked and no
//! atomic read-modify-write is needed. Cells only grow. A tick closes a slice, a twelfth of the window, by taking the
//! difference between what all cells hold and what they held before; a reading adds up the slices of its window and
//! the open one. Nothing is reset by being read, and nothing that is recorded meanwhile is lost.
//!
//! A percentile is that of the true order statistic's bucket: [`Percentile`] has both edges, at most 3.2 % apart
//! below 2 h 26 min, and they contain it for certain. Windows are merged by adding counts, which loses nothing.
//!
//! An operation ends exactly once: by its value, by `Err`, by a panic, or by its guard or future being dropped. A
//! future begins with its first poll; time inside polls and time between them are told apart.
//!
//! # Settings
//! | field | default | range |
//! | --- | --- | --- |
//! | `window` | 60 s | 100 ms to a year |
//! | `retention` | 1 h | the window to a year |
//! | `percentiles` | 0.5, 0.95, 0.99 | at most 32 |
//! | `max_operations` | 1 000 | 1 to 100 000 |
//! | `max_bytes` | 20 MiB | at least 64 KiB |
//! | `sample_rate` | 1.0 | 0.0 to 1.0; of durations, counts are exact |
//! | `enabled` | `true` | |
//!
//! The last three and the percentiles can be changed at any time, by [`PerfMonitor::update`].
//!
//! # Cost
//! Recording through a handle takes about as long as one uncontended atomic addition, timing about two readings of
//! the clock more. A thread's first recording of an operation allocates its cell; after that nothing is allocated.
//!
//! # Limits
//! - The window is exact to one slice, if [`PerfMonitor::tick`] is called when it asks to be, as
//!   [`start`](PerfMonitorBuilder::start), [`PerfMonitor::global`] and the runtime do. Otherwise a slice lasts from one
//!   reading to the next. It ages from its last operation on, so that a long sleep makes nothing look recent; of that
//!   operation the time is known to one slice.
//! - Memory: a cell has 10.2 KB; an operation has one for each thread that records it, at most 64, and one that other
//!   threads share; all operations of a monitor have half of `max_bytes`, beyond which threads share. An operation also
//!   keeps at most 29 slices, of 120 bytes and 8 for each bucket that is not empty: usually less than 1 KB, at most
//!   10.2 KB. Above `max_bytes` slices are merged, which makes windows exact to a quarter only, and leaves at most 19 (11
//!   where each tick comes when it was asked for).
//! - A thread has cells for at most 64 operations at a time. For the others it shares, which costs about four times
//!   as much.
//! - Objectives: at most 256 for each monitor.
//! - Operations are never forgotten. Those beyond `max_operations` share one that is named `overflow`.
//! - Durations above 2 h 26 min share one bucket, those above 104 days count as that long.
//! - While operations are being recorded, a reading may see one in some of its figures and not yet in others.
//!
//! # Features
//! - `macros`: the attribute `#[monitor_performance]`.
//! - `serde`: `Serialize` for metrics and objectives.
//! - `tower`: `PerfLayer`, which measures the calls of tower's services.
//! - `tracing-layer`: `SpanLayer`, which measures spans without a change to the code that makes them.
//!
//! None is on by default.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "macros")]
mod attribute;
mod buckets;
mod builder;
mod cells;
mod completion;
mod driver;
mod figures;
mod future;
mod global;
mod history;
mod metrics;
mod monitor;
mod objective;
mod operation;
mod per_process;
mod polls;
mod pulse;
#[cfg(feature = "serde")]
mod serialize;
mod settings;
mod slice;
mod slow;
#[cfg(feature = "tracing-layer")]
mod spans;
mod timer;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private {
    //! What the code that `#[monitor_performance]` makes is made of. Not an interface: it changes with the attribute.
    pub use crate::attribute::{Measured, Site};
    pub use sidecar_core::calls::{AnyReturned, Function, Returned, evaluate, unreached};
}
#[cfg(feature = "macros")]
#[doc(inline)]
pub use sidecar_macros::monitor_performance;

pub use builder::{
    DEFAULT_MAX_OPERATIONS, DEFAULT_RETENTION, DEFAULT_WINDOW, MAX_OPERATIONS, MAX_RETENTION, MIN_WINDOW,
    PerfMonitorBuilder,
};
pub use completion::Completion;
pub use figures::{Figures, Percentile};
pub use future::Measured;
pub use metrics::{OperationExposition, OperationMetrics};
pub use monitor::{MAX_NAME_BYTES, OVERFLOW, PerfMonitor};
pub use objective::{Budget, MAX_OBJECTIVES, Objective, ObjectiveReport, OperationObjective};
pub use operation::Operation;
pub use settings::{DEFAULT_MAX_BYTES, DEFAULT_PERCENTILES, MAX_PERCENTILES, MIN_MAX_BYTES, PerfSettings};
pub use sidecar_core::histogram::FixedSnapshot;
pub use sidecar_core::{Clock, SettingsError, StartError};
pub use slow::{MAX_SLOW_KINDS, SlowDetector};
#[cfg(feature = "tracing-layer")]
pub use spans::SpanLayer;
pub use timer::{OwnedTimer, Timer};
#[cfg(feature = "tower")]
pub use tower::{ByResult, Classify, PerfFuture, PerfLayer, PerfService};
