//! Circuit breakers that cannot wedge.
//!
//! A breaker stands between a program and a dependency that may fail. It counts failures, refuses calls for
//! a while once there are too many, and then lets a few through to see whether the dependency has come
//! back. Whatever a call does - panic, be cancelled, hang, forget its permit - the breaker finds its way
//! back. What counts as a failure, what to do instead of a refused call, and how long a call may take are
//! left to you.
//!
//! # Example
//! ```
//! use sidecar_breaker::{Breaker, CallError, State};
//! use std::time::Duration;
//!
//! let breaker = Breaker::builder("payments").failure_threshold(2).timeout(Duration::from_secs(60)).build()?;
//! for _ in 0..2 {
//!     let result = breaker.call(|| Err::<(), _>("connection refused"));
//!     assert_eq!(result, Err(CallError::Inner("connection refused")));
//! }
//! assert_eq!(breaker.state(), State::Open);
//! let refused = breaker.call(|| Ok::<_, &str>("never runs"));
//! assert!(matches!(refused, Err(CallError::Rejected(_))));
//! # Ok::<(), sidecar_breaker::SettingsError>(())
//! ```
//!
//! # How it works
//! ```text
//!                      failure_threshold failures inside sliding_window
//!            +--------+ ----------------------------------------------> +------+
//!            | CLOSED |                                                 | OPEN |
//!            +--------+                                                 +------+
//!                 ^                                                      |    ^
//!                 | success_threshold    +-----------+  a call comes,    |    | a probe fails, or no
//!                 +--------------------- | HALF_OPEN | <-----------------+    | verdict in probe_timeout
//!                   probes succeed       +-----------+  timeout has passed    |
//!                                              |                              |
//!                                              +------------------------------+
//! ```
//!
//! [`Breaker::trip`] opens and [`Breaker::reset`] closes from any state. [`Breaker::force_open`],
//! [`Breaker::disable`] and [`Breaker::metrics_only`] hold a state until another command is given or
//! their time to live ends; the command given last holds.
//!
//! Every change of state starts a new *generation*, and so does every reset. A permit belongs to the
//! generation that admitted it; a result of an earlier one changes nothing and is counted as late. The
//! places of a half-open round belong to its generation too, and a round ends after `probe_timeout` at the
//! latest, so a place cannot be lost for longer than that.
//!
//! Every change of state is a [`Transition`] with a sequence number. [`Breaker::on_transition`] has them told to
//! listeners in the order of these numbers, each once, on threads of the crate's own: never during a call, and
//! outside every lock. Those of one breaker are told one after the other; a listener that blocks holds up no other
//! breaker, as long as no more than seven others do so too.
//!
//! Every input in every state; `*` starts a new generation, and a refused, late or missing result leaves
//! everything else as it is:
//!
#![doc = include_str!("transitions.md")]
//!
//! The *timer* is `timeout` when open and the rest of `probe_timeout` when half-open. Timers are judged when
//! the breaker is next used and take effect as of when they were due. Commands in the state they ask for
//! start its time again (`trip` in `OPEN`: the timeout; a held state: its time to live and reason).
//!
//! # Choosing settings
//! | setting | default | range | what it does |
//! | --- | --- | --- | --- |
//! | `failure_threshold` | 5 | 1 and up | failures inside the window that open |
//! | `sliding_window` | 120 s | above 0 | how long a failure counts |
//! | `timeout` | 60 s | above 0 | how long an open breaker refuses calls |
//! | `half_open_max_calls` | 3 | 1 to 255 | probes in flight |
//! | `success_threshold` | 2 | 1 and up | successful probes of one round that close |
//! | `probe_timeout` | `timeout` | above 0 | longest half-open round |
//! | `dropped` | ignore | ignore, failure | how a call without a verdict counts |
//!
//! Thresholds up to 1 024 are judged to the nanosecond; beyond that, failures may leave the window up to
//! 1/1024 of its span early. Durations above 584 years count as that.
//!
//! # Cost
//! While closed, admitting a call is one atomic load, and a success one more load and one relaxed atomic
//! add; neither reads a clock, takes a lock or allocates. A failure takes a short lock and reads the clock.
//! A refusal while open reads the clock, allocates nothing and takes no lock, unless the state is changing at
//! that very moment. Probes and commands take the lock. User code never runs under it.
//!
//! Where there is a listener, a transition also takes a short lock, is copied, and wakes a thread. These threads
//! are standing: the first is started with the first listener in the process, and a further one, up to 8, by a
//! transition that finds all of them busy. Once started they sleep until there is something to tell. Without a
//! listener there is no thread, and a transition costs one load more.
//!
//! A registry is read without a lock and without allocating, but for lists. Adding a breaker copies the table, in
//! time that grows with the number of breakers; at the limit it looks for one to replace, too.
//!
//! # Limits
//! - A half-open round that sees fewer than `success_threshold` calls end within `probe_timeout` opens
//!   again. Where calls are rarer than that, lower `success_threshold` or raise `probe_timeout`.
//! - A breaker holds at most 2 049 cells of failure times and its last 16 transitions. The cells, 16 bytes
//!   each, live in a buffer that grows by doubling, so to 64 KiB at most; one of more than
//!   1 KiB is given back once the window is empty. A registry holds at most [`BreakerRegistry::DEFAULT_LIMIT`]
//!   breakers unless told otherwise.
//! - A breaker holds at most 64 listeners, and at most 64 transitions wait for them; beyond that the oldest one
//!   is given up, counted in [`BreakerSnapshot::unheard`], and missing in the sequence.
//! - Where 8 listeners of different breakers block, those of all others wait until one returns; so do all where
//!   the system has no room for a first thread, until a later transition finds some. When more than 1 024 breakers
//!   wait, what a dropped one leaves behind is not told.
//! - Whether time in which the machine is suspended counts depends on the system's counter. One that a
//!   resume sets back makes a period last up to its full length from then on, never longer.
//! - Built with `panic = "abort"`, a panic ends the process, and no breaker sees it.
//!
//! # Features
//! - `serde`: `Serialize` for snapshots, with RFC 3339 times. Off by default.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod breaker;
mod builder;
mod call;
mod circuit;
mod delivery;
mod entry;
mod error;
mod hold;
mod identity;
mod limits;
mod listeners;
mod machine;
mod open_time;
mod outbox;
mod permit;
mod policy;
mod published;
mod registry;
mod rules;
#[cfg(feature = "serde")]
mod serialize;
mod settings;
mod snapshot;
mod state;
mod tenure;
mod ticket;
mod totals;
mod transition;
mod verdict;
mod word;

pub use breaker::Breaker;
pub use builder::BreakerBuilder;
pub use error::{CallError, RejectReason, Rejected};
pub use hold::Hold;
pub use listeners::ListenerId;
pub use permit::{OwnedPermit, Permit};
pub use policy::{Failures, Policy, Rate};
pub use registry::{BreakerRegistry, RegisterError};
pub use settings::BreakerSettings;
pub use sidecar_core::SettingsError;
pub use snapshot::BreakerSnapshot;
pub use state::State;
pub use transition::{Cause, Transition};
pub use verdict::{Dropped, Verdict};
