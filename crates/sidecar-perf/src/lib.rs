//! Operations measured from inside: how long they take, how they end and how many there are, over a rolling window and
//! since the start.
//!
//! The crate measures and shows. It judges nothing, writes nothing and starts no thread.
//!
//! # Example
//! ```
//! use sidecar_perf::{Completion, PerfMonitor};
//! use std::time::Duration;
//!
//! let monitor = PerfMonitor::builder().percentiles([0.5, 0.95, 0.99]).window(Duration::from_secs(60)).build()?;
//! let operation = monitor.operation("transform");
//! assert_eq!(operation.measure(|| 6 * 7), 42);
//! assert!(operation.try_measure(|| "seven".parse::<u8>()).is_err());
//! operation.record(Duration::from_millis(150), Completion::Success);
//!
//! let metrics = monitor.operation_metrics("transform").expect("it was asked for");
//! assert_eq!((metrics.count, metrics.successes, metrics.failures), (3, 2, 1));
//! assert_eq!(metrics.latency_max, Some(150.0));
//! println!("P95 latency: {:?} ms", metrics.latency_p95);
//! # Ok::<(), sidecar_perf::SettingsError>(())
//! ```
//!
//! # How it works
//! An operation has one table of atomic buckets, 32 to each power of two of nanoseconds, and a few sums beside it.
//! Recording adds to them and never waits. They only grow: they are the figures since the start.
//!
//! The window is cut into 12 slices. Whoever comes first after a slice's end - a recording, a reading or
//! [`PerfMonitor::tick`] - writes down what was added within it. A reading adds up the slices of the window and what
//! was added since, so it changes nothing, and windows are merged from counts and not from percentiles. The window
//! covers the current slice and the 11 before it: at most its length, and at least 11/12 of that. `span_seconds` says
//! how much.
//!
//! A percentile is that of the nearest-rank rule. The edges of the bucket that holds it are its bounds, so they contain
//! the true one, and are 1/32 apart at most. The estimate is the upper one.
//!
//! Every operation ends once: as a success, as a failure, cancelled (its future or timer was dropped) or panicked.
//! Cancelled ones are neither successes nor errors, and their durations are recorded as all are.
//!
//! # Settings
//! | field | default | range |
//! | --- | --- | --- |
//! | `enabled` | true | |
//! | `sample_rate` | 1.0 | 0.0 to 1.0; counts are exact whatever it is |
//! | `percentiles` | 0.5, 0.95, 0.99 | each 0.0 to 1.0, at most 32 |
//! | `window` | 60 s | 1 s to 24 h |
//! | `max_operations` | 1 000 | 1 to 100 000 |
//!
//! The first three can be changed at any time, by [`PerfMonitor::update`].
//!
//! # Cost
//! A recording reads the clock and adds to three atomics; a measured one reads the clock twice and adds to five.
//! Neither locks or allocates, but for the first recording after a slice's end: it writes the slice down, about 1 us,
//! and allocates until 12 slices have had as many different buckets. Each poll of a measured future reads the clock
//! twice.
//!
//! [`PerfMonitor::operation`] takes a lock to find the name, so keep what it returns.
//!
//! # Limits
//! - An operation takes 27 KiB, and beyond that 6 bytes for each different bucket of each slice: 126 KiB in all at
//!   most, and about 40 KiB where durations spread over two powers of ten. No operation is ever forgotten. No memory
//!   is held per thread.
//! - Beyond `max_operations`, operations share the one named [`OVERFLOW`]. Their counts are exact there.
//! - Durations above 78 hours count as that.
//! - What is recorded in the very moment in which a slice ends may be counted in the slice beside it. `latency_min` and
//!   `latency_max` of the window are exact but for such a recording, for which an edge of its bucket can stand.
//! - With a `sample_rate` below 1.0, latencies stand on `samples` durations. Which ones depends on the number of
//!   operations alone, so it is the same in every run.
//! - A clock that steps back by more than the window begins a new one; until a smaller step is made up for, what is
//!   recorded belongs to the slice that was current. A duration across a step back is 0.
//! - A leaked timer (`mem::forget`) stays in flight.
//! - A child that was forked while another thread read figures or named an operation may wait for good where it does
//!   the same. What it records through a handle never waits.
//!
//! # Features
//! - `macros`: the attribute `#[monitor_performance]`. Off by default.
//! - `serde`: `Serialize` for figures. Off by default.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "macros")]
mod attribute;
mod book;
mod cells;
mod completion;
mod figures;
mod monitor;
mod operation;
mod run;
mod settings;

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

pub use completion::Completion;
pub use figures::{Figures, OperationMetrics, Percentile};
pub use monitor::{MAX_NAME_BYTES, OVERFLOW, PerfMonitor};
pub use operation::Operation;
pub use run::Timer;
pub use settings::{
    DEFAULT_MAX_OPERATIONS, DEFAULT_PERCENTILES, DEFAULT_WINDOW, MAX_OPERATIONS, MAX_PERCENTILES, MAX_WINDOW,
    MIN_WINDOW, PerfMonitorBuilder, PerfSettings,
};
pub use sidecar_core::histogram::FixedSnapshot;
pub use sidecar_core::{Clock, SettingsError};
