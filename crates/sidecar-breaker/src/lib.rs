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
//!                      the policy: failure_threshold failures inside
//!                      sliding_window, unless another one is given
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
//! Calls through a closed breaker record how they ended without a lock, each on its own thread; the record is
//! tagged with the generation it belongs to. Every call that can change what the policy says is judged when it
//! ends, a success too where rates are judged: it may be the one that makes enough calls. Of several that end at
//! once at least the last one sees all of them.
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
//! The *timer* is the open time when open and the rest of `probe_timeout` when half-open. Timers are judged when
//! the breaker is next used and take effect as of when they were due. Commands in the state they ask for
//! start its time again (`trip` in `OPEN`: the timeout; a held state: its time to live and reason).
//!
//! # Choosing settings
//! | setting | default | range | what it does |
//! | --- | --- | --- | --- |
//! | `failure_threshold` | 5 | 1 and up | failures inside the window that open |
//! | `sliding_window` | 120 s | above 0 | how long a failure counts |
//! | `policy` | the two above | up to 4 rules | what else opens: failures in a row, rates, slow calls |
//! | `timeout` | 60 s | above 0 | how long an open breaker refuses calls |
//! | `timeout_multiplier` | 1.0 | 1.0 to 100.0 | growth of that time with each probe that fails |
//! | `max_timeout` | 10 x `timeout` | `timeout` and up | the longest open time, whatever makes it long |
//! | `timeout_jitter` | 0.0 | 0.0 to 1.0 | share by which each open time is lengthened at random |
//! | `half_open_max_calls` | 3 | 1 to 255 | probes in flight |
//! | `success_threshold` | 2 | 1 and up | successful probes of one round that close |
//! | `probe_timeout` | `timeout` | above 0 | longest half-open round |
//! | `dropped` | ignore | ignore, failure | how a call without a verdict counts |
//!
//! Thresholds up to 1 024 are judged to the nanosecond; beyond that, failures may leave the window up to
//! 1/128 of its span early. A rate over the last calls is exact; of a rate over time, calls leave by sixteenths of
//! the span, up to one of them early. Durations above 584 years count as that.
//!
//! A dependency may say for how long it wants to be left alone, as HTTP's `Retry-After` does: see
//! [`Verdict::RetryAfter`]. All settings can be replaced while the breaker is in use: see [`Breaker::update`].
//!
//! # Cost
//! While closed, a call that succeeds costs two atomic loads and one plain store, to a cell that only its thread
//! writes; it reads no clock, takes no lock and allocates nothing. A failure reads the clock and makes one or two
//! atomic exchanges. So does each success where the policy judges a rate over time; one over the last calls makes
//! two exchanges and reads no clock; failures in a row cost a success one load more. Where the policy asks how long
//! calls take, each reads the clock twice. A refusal reads the clock, whether open or half-open with all places
//! taken. None of these takes a lock or allocates, unless the state is changing at that very moment. What does
//! take a short lock: probes, commands, and the call that opens. User code never runs under it.
//!
//! The first call of a thread through a breaker makes a cell or takes over that of a thread that has ended.
//!
//! A breaker takes about 3 KiB, with a cell of 128 bytes for each thread that uses it at a time. A threshold above
//! 128 adds 8 bytes for each further failure up to 1 024; a rate over the last calls 8 bytes for each.
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
//! - A breaker remembers at most as many failures one by one as its threshold asks for, at least 128 and at most
//!   1 024, and shows no more than that as its `failure_count`; and its last 16 transitions. A registry holds at
//!   most [`BreakerRegistry::DEFAULT_LIMIT`] breakers unless told otherwise.
//! - A breaker has at most 64 cells, and a thread uses at most 64 at a time. Threads or breakers beyond that count
//!   with an atomic addition in a place they share.
//! - A breaker holds at most 64 listeners, and at most 64 transitions wait for them; beyond that the oldest one
//!   is given up, counted in [`BreakerSnapshot::unheard`], and missing in the sequence.
//! - Where 8 listeners of different breakers block, those of all others wait until one returns; so do all where
//!   the system has no room for a first thread, until a later transition finds some. When more than 1 024 breakers
//!   wait, what a dropped one leaves behind is not told.
//! - Whether time in which the machine is suspended counts depends on the system's counter. One that a
//!   resume sets back makes a period last up to its full length from when that is seen, never longer. What a
//!   window holds stays as old as it was, and a step back takes no time; calls that are counted by parts of a span
//!   may leave one part earlier. A step back of less than a millisecond, or of such a part, is taken for the order
//!   in which threads read it, and may lengthen a window by as much.
//! - Built with `panic = "abort"`, a panic ends the process, and no breaker sees it.
//!
//! # Features
//! - `macros`: the attribute `#[protected]`, and the registry's defaults for what it is not given. Off by default.
//! - `serde`: `Serialize` for snapshots, with RFC 3339 times. Off by default.
//! - `tower`: `BreakerLayer`, which puts a breaker in front of tower's services. Off by default.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "macros")]
mod attribute;
mod breaker;
mod builder;
mod call;
mod circuit;

mod error;
mod hold;
mod identity;
mod last_failure;
mod limits;
mod listeners;
mod machine;
mod open_time;

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

mod ticket;
mod totals;
#[cfg(feature = "tower")]
mod tower;
mod transition;
mod verdict;
mod word;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private {
    //! What the code that `#[protected]` makes is made of. Not an interface: it changes with the attribute.
    pub use crate::attribute::{Admitted, Fallback, FallbackValue, Refuse, Refused, Site};
    pub use sidecar_core::calls::{AnyReturned, Function, Returned, evaluate, unreached};
}
#[cfg(feature = "macros")]
#[doc(inline)]
pub use sidecar_macros::protected;

#[cfg(feature = "tower")]
pub use crate::tower::{BreakerFuture, BreakerLayer, BreakerService, ByResult, Classify};
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
