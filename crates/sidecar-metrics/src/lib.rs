//! Counters, gauges and histograms with bounded cardinality, and an exposition that no tag can break.
//!
//! The crate checks names where they are registered, bounds the number of series, renders everything as classic
//! Prometheus text and as OpenMetrics, and keeps a history that can be asked. Serving the text over HTTP, and scraping
//! it, is left to you.
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
//! that format forbids them. It shows what a reader of the classic format is not told: the unit, an exemplar -
//! [`Histogram::record_with_exemplar`], [`Counter::increment_with_exemplar`] - and, where it is asked for, since when
//! a series counts.
//!
//! **Alerts** are rules on the answers to queries, or on whatever else is read: [`AlertRule`]. A
//! [tick](MetricsCollector::tick) reads each rule's series; a series whose value is beyond the threshold is pending,
//! fires once that has held for the rule's `hold`, and is over once the value is beyond the threshold for clearing. The
//! hooks of a rule hear of each of the last two once, on a thread of their own, `sidecar-alert`. `AlertmanagerHook` posts them to an Alertmanager.
//!
//! # History
//!
//! Whoever calls [`tick`](MetricsCollector::tick) at least once a second has the past to ask, with [`Query`]:
//!
//! ```
//! use sidecar_metrics::{Aggregate, MetricsCollector, Query};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsCollector::new();
//! for second in 0..10u64 {
//!     metrics.increment_by("tests_executed", 3, &[("framework", "pytest")]);
//!     metrics.tick(second * 1_000_000_000);   // nanoseconds of a monotonic clock
//! }
//! let answer = metrics.query(Query::new("tests_executed").by("framework").aggregate(Aggregate::Rate))?;
//! assert_eq!(answer.series[0].points[0].value, 3.0);
//! # Ok(()) }
//! ```
//!
//! One point a second is kept for 5 minutes, one for ten seconds for the retention. A point of ten seconds has the
//! number, sum, smallest and largest of those it is made of, so averages, extremes and increases are the same from
//! either; a histogram's has what each bucket grew by. A query reads the finest points that cover its range, the ten
//! seconds that are not over included.
//!
//! - What changed in one second, of all series together, is one frame; what stayed as it was takes no room there. A
//!   series takes some 200 bytes, a histogram of 14 buckets 600. A counter that grows takes 2 bytes a second, a
//!   gauge from one whole number to another 3 to 4, one with all the digits of a float 8, a histogram 10; a point of ten
//!   seconds, if its readings differ, 6, 13, 30 and 16. So an hour of 1 000 busy series, half of them counters, takes
//!   some 6 MB, and one of 10 000 that rest 3 MB.
//! - Within `history_bytes`, all of this included: beyond it the oldest seconds of all series go first, then the oldest
//!   tens, and are counted in `sidecar_history_evicted_points_total`. Series may take a quarter of it; those beyond have
//!   no history, as `sidecar_history_series_left_out` says. Both bounds change while it runs, by
//!   [`MetricsCollector::set_history`].
//! - A counter's first value is an increase if the series began after the first reading. A value below the one before
//!   is a restart from zero. A series that is missing from a reading has no point there, nor has a second in which
//!   nobody called: what was counted meanwhile belongs to the next reading, whose rate is over all that time.
//! - A query waits for a reading that is being kept, and the other way round; whoever records waits for neither.
//!
//! # Settings
//!
//! | field | default | range |
//! | --- | --- | --- |
//! | `max_series_per_metric` | 1 000 | 1 to 1 000 000 |
//! | `max_series` (also the number of metrics) | 10 000 | 1 to 1 000 000 |
//! | `retention` | 1 h | 300 s to 7 days |
//! | `history_bytes` | 30 MB | 64 kB to 1 GB |
//! | `created_samples` | no | `x_created` in OpenMetrics: Prometheus takes each for one more series |
//! | `alert_interval` | 5 s | 100 ms to 1 h |
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
//! Memory, with one short tag: up to 340 bytes a counter, 280 a gauge, 760 a histogram with 13 bounds. On top of that
//! a thread that records often takes about 600 bytes for every 64 counters that it uses, as long as at most 64 threads
//! do, and about 260 bytes for a histogram, as long as at most 16 do; what is freed by a thread is used by the next.
//! A thread's table of what it has leased is at most 32 KiB. A metric that refuses series takes 300 bytes more.
//!
//! Only the first reading after new series sorts them, outside every lock. Nothing a writer needs is locked
//! while sources run or text is rendered.
//!
//! A text is written straight from the series, whose tags are kept as text; what a metric's series hold is copied
//! first, so that it is of one step. [`render_into`](MetricsCollector::render_into) hands over 64 KB at a time, for
//! those who have something else to do in between. An exemplar is allocated, with the time of the wall clock; it never
//! waits for another one, and what comes without one does not pay for it.
//!
//! Keeping a second of 10 000 series takes half a millisecond, every tenth one a whole one if all of them changed; a
//! histogram's buckets are copied for it, nothing is allocated for other series. A query goes over what changed in
//! its metric, from the last second back: 0.1 to 2 ms for 200 series.
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
//!   [`MAX_BOUNDS`](buckets::MAX_BOUNDS) buckets. One exemplar, of [`MAX_EXEMPLAR_CHARS`] characters of labels, per
//!   counter and per bucket.
//! - At most [`MAX_ALERT_RULES`] rules, [`MAX_ALERT_SERIES`] alerts of each, with [`MAX_ALERT_HOOKS`] hooks, and
//!   [`MAX_WAITING_NOTIFICATIONS`] notifications that wait for a hook; those beyond are dropped and counted.
//! - A series stays until the collector is dropped, unless a bound is reached and it is idle; how long it was idle is
//!   known to an eighth of the timeout, and only from the first time on that somebody found no room.
//! - A source bounds its own output; it is not stored between readings.
//! - An answer has at most 100 000 points, a query [`MAX_STEPS`] steps and [`MAX_QUERY_TAGS`] tags.
//! - A counter beyond 2^53 is exposed exactly, but most readers keep values as floats.
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `alertmanager` | no | `AlertmanagerHook`, with an HTTP client, TLS and JSON |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod alerts;
pub mod buckets;
mod builder;
mod collector;
mod error;
mod exemplar;
mod exposition;
#[cfg(feature = "facade")]
mod facade;
mod families;
mod gather;
mod handle;
mod history;
mod kind;
mod labels;
mod misuse;
mod names;
mod overflow;
mod query;
mod registry;
mod series;
mod slots;
mod source;
mod sources;
mod unit;

pub use alerts::{
    Alert, AlertError, AlertHook, AlertReason, AlertRule, AlertState, AlertsSnapshot, DEFAULT_ALERT_INTERVAL,
    DEFAULT_KEEP_ABSENT_FOR, MAX_ALERT_HOOKS, MAX_ALERT_RULES, MAX_ALERT_SERIES, MAX_ANNOTATION_BYTES,
    MAX_HOLD, MAX_LABELS, MAX_RULE_NAME_BYTES, MAX_WAITING_NOTIFICATIONS, Reading,
};
#[cfg(feature = "alertmanager")]
pub use alerts::{AlertmanagerBuilder, AlertmanagerHook, AlertmanagerStats, MAX_BACKLOG_ALERTS, PostError};
pub use builder::{
    DEFAULT_IDLE_TIMEOUT, DEFAULT_MAX_SERIES, DEFAULT_MAX_SERIES_PER_METRIC, MAX_SERIES_BOUND, MetricsBuilder,
};
pub use collector::MetricsCollector;
pub use error::RegisterError;
pub use exemplar::MAX_EXEMPLAR_CHARS;
pub use exposition::{CHUNK_BYTES, CLASSIC_CONTENT_TYPE, Format, OPENMETRICS_CONTENT_TYPE};
#[cfg(feature = "facade")]
pub use facade::{AlreadyInstalled, FacadeRecorder};
pub use families::{Families, Family, Number, Sample, Value};
pub use handle::{Counter, Gauge, Histogram};
pub use history::{DEFAULT_HISTORY_BYTES, DEFAULT_RETENTION, HISTORY_BYTES, HistoryStats, RETENTION};
pub use kind::Kind;
pub use labels::{MAX_TAG_BYTES, OVERFLOW_TAG};
/// The facade, in the version whose recorder this is: with another one, macros record nothing.
#[cfg(feature = "facade")]
pub use metrics;
pub use names::MAX_NAME_BYTES;
pub use overflow::{OverflowReport, TagSpread};
pub use query::{
    Aggregate, DEFAULT_RANGE, MAX_QUERY_TAGS, MAX_RANGE, MAX_STEPS, Point, Query, QueryError, QueryResult,
    Series,
};
pub use sidecar_core::SettingsError;
#[cfg(feature = "alertmanager")]
pub use sidecar_core::StartError;
pub use sidecar_core::histogram::FixedSnapshot;
pub use source::{HistogramFamily, NumberFamily, SourceOutput};
pub use sources::MAX_SOURCES;
pub use unit::Unit;
