//! Counters, gauges and histograms with bounded cardinality, and an exposition that no tag can break.
//!
//! The crate checks names where they are registered, bounds the number of series, and renders everything as
//! classic Prometheus text and as OpenMetrics. Serving the text over HTTP, and scraping it, is left to you.
//!
//! ```
//! use sidecar_metrics::{MetricsCollector, Unit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsCollector::builder().max_series_per_metric(500).build()?;
//! metrics.describe("tests_executed", Unit::Count, "Total number of tests executed");
//! metrics.increment("tests_executed", &[("framework", "pytest")]);
//! let counter = metrics.counter("tests_executed", &[("framework", "pytest")])?;   // for hot paths
//! counter.increment();
//! metrics.register_source(|out| {
//!     out.gauge("queue_size", "Events waiting").sample(&[], 3.0);
//! });
//! assert!(metrics.export_prometheus().contains("tests_executed{framework=\"pytest\"} 2\n"));
//! assert_eq!(metrics.value("queue_size", &[]), Some(3.0));
//! # Ok(()) }
//! ```
//!
//! # How it works
//!
//! ```text
//! by name --lookup--> series --atomic add--> value <--atomic add-- handle
//!                        |
//! families(), export_*   v
//!   sources, contained --> joined: sorted, no kind, name or series twice --> classic, OpenMetrics, read-back
//! ```
//!
//! A name has one kind as long as the collector lives, and two different keys never render as one series: a
//! name or tag key that would have to be changed to fit the formats is refused instead, and so is a metric
//! that shares a sample's name with another (`x_count` beside a histogram `x`). A tag with an empty value is no
//! tag, as in Prometheus: with and without it, a key is the same series.
//!
//! **Beyond the bounds** the values of new series go to one series per metric, `overflow="true"`: sums over
//! all series of a counter or a histogram stay exact. For a gauge it holds whatever was set last. A series
//! whose tags exceed [`MAX_TAG_BYTES`] goes there too, and so does one that is asked for by that tag.
//!
//! **At a bound, idle series give up their room**, so that what is recorded now returns from the overflow series. A
//! series is idle if it was not used by name for `idle_timeout` and nobody holds a handle; a handle keeps its series
//! for ever. What a counter or histogram held moves to the overflow series: a sum over all series never falls, though
//! the overflow series shows an increase that is older. A gauge is forgotten. A series that comes back starts at zero,
//! which readers take for a restart. See [`MetricsCollector::reclaim`].
//! [`MetricsCollector::overflow_report`] says which metrics and tags to look at.
//!
//! **OpenMetrics** has the same names. A counter `x_total` is its family `x`; a counter whose name does not
//! end in `_total` has the type `unknown` there, and so has one whose family's name is another metric's. A
//! histogram whose bounds or sum are below zero, or whose sum is NaN, has no sum and no count there, because
//! that format forbids them.
//!
//! # Settings
//!
//! | field | default | range |
//! | --- | --- | --- |
//! | `max_series_per_metric` | 1 000 | 1 to 1 000 000 |
//! | `max_series` (also the number of metrics) | 10 000 | 1 to 1 000 000 |
//! | `idle_timeout` | 10 minutes | `None`, or 1 second to 365 days |
//! | `clock` | the machine's | |
//!
//! # Cost
//!
//! A handle counts without a lock, and without an atomic read-modify-write where its thread has a cell of its own:
//! a thread that comes more than a few times gets one, with an allocation, for every 64 counters and for each
//! histogram. By name there is one hash of name and tags and the read lock of one of 16 parts of a table before
//! that; up to eight tags need no allocation, in any order. Reading adds up the cells of each series once. What is
//! read of a histogram is not torn, see [`FixedHistogram`](sidecar_core::histogram::FixedHistogram).
//!
//! Memory, with one short tag: up to 320 bytes a counter, 280 a gauge, 720 a histogram with 13 bounds. On top of that
//! a thread that records often takes about 600 bytes for every 64 counters that it uses, as long as at most 64 threads
//! do, and about 260 bytes for a histogram, as long as at most 16 do; what is freed by a thread is used by the next.
//! A thread's table of what it has leased is at most 32 KiB. A metric that refuses series takes 300 bytes more.
//!
//! Only the first reading after new series sorts them, outside every lock. Nothing a writer needs is locked
//! while sources run or text is rendered.
//!
//! # Features
//!
//! - `facade`: what is recorded through the [`metrics`](https://docs.rs/metrics) facade appears here, after
//!   `install_global()`, or for one thread with the value of `recorder()`. Names that the formats do not allow are
//!   escaped so that no two become one.
//!
//! # Limits
//!
//! - At most `max_series` series, one overflow series per metric, `max_series` metrics, [`MAX_TAG_BYTES`] of
//!   tags per series, [`MAX_NAME_BYTES`] per name, [`MAX_SOURCES`] sources, and
//!   [`MAX_BOUNDS`](buckets::MAX_BOUNDS) buckets.
//! - A series stays until the collector is dropped, unless a bound is reached and it is idle; how long it was idle is
//!   known to an eighth of the timeout, and only from the first time on that somebody found no room.
//! - A source bounds its own output; it is not stored between readings.
//! - A counter beyond 2^53 is exposed exactly, but most readers keep values as floats.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod buckets;
mod builder;
mod collector;
mod error;
mod exposition;
#[cfg(feature = "facade")]
mod facade;
mod families;
mod gather;
mod handle;
mod kind;
mod labels;
mod misuse;
mod names;
mod overflow;
mod registry;
mod series;
mod slots;
mod source;
mod sources;
mod unit;

pub use builder::{
    DEFAULT_IDLE_TIMEOUT, DEFAULT_MAX_SERIES, DEFAULT_MAX_SERIES_PER_METRIC, MAX_SERIES_BOUND, MetricsBuilder,
};
pub use collector::MetricsCollector;
pub use error::RegisterError;
pub use exposition::{CLASSIC_CONTENT_TYPE, OPENMETRICS_CONTENT_TYPE};
#[cfg(feature = "facade")]
pub use facade::{AlreadyInstalled, FacadeRecorder};
pub use families::{Families, Family, Number, Sample, Value};
pub use handle::{Counter, Gauge, Histogram};
pub use kind::Kind;
pub use labels::{MAX_TAG_BYTES, OVERFLOW_TAG};
/// The facade, in the version whose recorder this is: with another one, macros record nothing.
#[cfg(feature = "facade")]
pub use metrics;
pub use names::MAX_NAME_BYTES;
pub use overflow::{OverflowReport, TagSpread};
pub use sidecar_core::SettingsError;
pub use sidecar_core::histogram::FixedSnapshot;
pub use source::{HistogramFamily, NumberFamily, SourceOutput};
pub use sources::MAX_SOURCES;
pub use unit::Unit;
