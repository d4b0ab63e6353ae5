//! Events: offered without waiting, held in bounded lanes, handled on a worker thread, and accounted for to
//! the last one.
//!
//! The crate owns the queue, the handlers and the ledger. Which events are kept is decided by an [`Admit`]
//! that you hand in (every event, unless you do); what a handler does with an event is up to you.
//!
//! # Example
//! ```
//! use sidecar_observer::{Observed, Observer, observe};
//! use std::time::Duration;
//!
//! let observer = Observer::builder().queue_size(1_000).start()?;
//! observer.on("test_failure", |event| println!("{} failed", event.test().unwrap_or("?")));
//!
//! let observed = observe!(observer, "test_failure", test_id = "login", duration_ms = 1234);
//! assert_eq!(observed, Observed::Accepted);
//!
//! let report = observer.shutdown(Duration::from_secs(1));
//! assert_eq!((report.processed, report.waiting), (1, 0));
//! # Ok::<(), sidecar_observer::StartError>(())
//! ```
//!
//! # How it works
//! ```text
//! host thread                          worker thread "sidecar-worker"
//! observe! -> Admit -> fields -> lane ~~~ polled ~~~> handlers -> ledger
//!             |no                 |no room, contended
//!             v                   v
//!             sampled out         dropped, with the reason
//! ```
//! Every host thread has a lane of its own, behind a lock that it only ever *tries*. The worker polls the
//! lanes, every 1.3 ms while few events come, every 6 ms while many do, and down to every 50 ms when none do; an
//! event that makes the queue a quarter full (or 16 events) wakes it, and no other pays for that. One pool of
//! credits bounds all lanes together, in events and in bytes.
//!
//! The ledger holds, per event type and exactly: received = sampled out + dropped + processed + failed +
//! waiting, once no call is under way. Each count only grows.
//!
//! Every event says with which probability it was kept, and the ledger which share of what was kept got lost: so counts
//! can be [restored](TypeStats::loss_correction) from what handlers saw.
//!
//! # Forked processes
//! In a child that the process forks, the copy of an observer has no worker. Every call on it returns at once, without
//! waiting for a lock: events are dropped as `forked`, handlers are not taken, nothing is waited for. Its counts are
//! those of the moment of the fork; the parent's own are untouched, and the parent handles what was waiting. A handler
//! that forks and returns in the child ends the thread there, and with it the child. An observer that is started in the
//! child works like any other. To notice a fork costs an event one load, and needs one made by `fork(2)`.
//!
//! Starting one needs a thread, and with it locks of the standard library's and of other crates' that know nothing of
//! forks. A start in the child can hang if, at the very moment of the fork, another thread of the parent's held one:
//! above all if it was being started or was ending. Fork where no threads come and go.
//!
//! # Choosing settings
//! | setting | default | when to change it |
//! | --- | --- | --- |
//! | [`queue_size`](ObserverBuilder::queue_size) | 10 000 events | larger bursts than that, or slow handlers |
//! | [`queue_bytes`](ObserverBuilder::queue_bytes) | 40 MiB | events much larger than a few KB |
//! | [`drop_policy`](ObserverBuilder::drop_policy) | oldest | when the first events matter more than the last |
//! | [`handler_timeout`](ObserverBuilder::handler_timeout) | 10 s | handlers that may take longer, or must not take as long |
//! | [`suspend_after`](ObserverBuilder::suspend_after) | 10 panics in a row | handlers whose every failure costs something |
//! | [`suspend_for`](ObserverBuilder::suspend_for) | 30 s | what they depend on recovers sooner or later than that |
//! | [`admit`](ObserverBuilder::admit) | keep all | to sample |
//! | [`max_text_bytes`](ObserverBuilder::max_text_bytes) | 4 096 bytes | longer texts are to arrive whole |
//! | [`redact`](ObserverBuilder::redact) | no names | fields that hold secrets |
//!
//! All but `admit` may be changed while it runs: [`Observer::update`].
//!
//! # Cost
//! An event that is not admitted is counted and nothing more: its fields are not evaluated. Nor are they where the
//! queue is full and the newest event makes way. An accepted one costs one reading of the clock, four atomic
//! operations and a move into its lane; the worker finds out what that was by the wall clock. Up to four fields of
//! numbers and short texts are held without allocating. Nothing here waits for anything, or asks the system for
//! anything, but to wake the worker each time that a quarter of the queue has come to be taken.
//!
//! The worker takes events out in batches, of at most 32 events and a 64th of the queue, and of 64 KiB, a 64th of the
//! queue's bytes, or one event if that is larger: until all of a batch has been handled it takes up room.
//!
//! [`observe!`] with a literal type looks its name up once for each place in the code; with any other, and through
//! the other methods, each time.
//!
//! # Limits
//! - Handlers run one after the other on one thread: a slow one delays the others, and a queue that fills up
//!   meanwhile drops events and says so. One that hangs does so until its time-out; then another thread goes on.
//! - At most 16 threads wait in calls that did not return. Beyond that the worker waits too, until one of them does.
//!   Each keeps the batch whose event it was called with, which the bounds do not count. A subscriber of `tracing`
//!   that hangs holds one of them, and is told nothing more of handlers until it returns.
//! - At most 1 024 event types have rows of their own ([`EventTypes`]); the rest share `_other` in the ledger.
//! - At most 1 024 threads have lanes of their own at a time; more share one. A thread counts 16 types by itself, and
//!   others where all threads do.
//! - Lanes keep the room that bursts needed, about 300 bytes for each event, until nothing has come for a tenth of a
//!   second or so; then room for 64 events remains. The bound in bytes does not count it.
//! - At most 1 024 handlers.
//! - An event keeps its first 64 fields, 128 bytes of a field's name and 4 096 bytes of a text, or what is set; it says
//!   whether anything is missing ([`is_truncated`](Event::is_truncated)). Cutting allocates.
//! - What is in the queue when the process is killed is lost.
//!
//! # Features
//! `serde`: [`Event`], [`Value`] and [`ObserverStats`] implement `Serialize`, [`Value`] also `Deserialize`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod admit;
mod builder;
mod credits;
mod draft;
mod event;
mod handlers;
mod intake;
mod lane;
mod lanes;
mod ledger;
mod macros;
mod metering;
mod observed;
mod observer;
mod push;
mod redact;
#[cfg(feature = "serde")]
mod serialize;
mod settings;
mod shared;
mod stats;
mod sync;
mod tally;
mod value;
mod worker;

pub use admit::{Admission, Admit, KeepAll};
pub use builder::{DropPolicy, ObserverBuilder};
pub use draft::Draft;
#[doc(hidden)]
pub use draft::are_distinct;
pub use event::Event;
pub use handlers::{HandlerId, HandlerState, HandlerStats};
pub use macros::Observe;
pub use observed::{Observed, Reason};
pub use observer::{Admitted, Observer};
pub use settings::ObserverSettings;
pub use sidecar_core::histogram::FixedSnapshot;
pub use sidecar_core::{CallSite, EventTypes, Probability, SettingsError, StartError, TypeId};
pub use smol_str::SmolStr;
pub use stats::{FlushReport, ObserverStats, TypeStats};
pub use value::Value;
