//! What the tests of a program need that uses the sidecar crates: faults that come when they are told to, time that
//! moves when it is told to, and a check that no event was lost.
//!
//! It is for `[dev-dependencies]`. It knows pieces only, so it serves whoever uses one of them and whoever uses
//! `sidecar-runtime` alike; it starts no thread and waits for none, but where a call is told to hang.
//!
//! # Example
//! ```
//! use sidecar_breaker::{Breaker, State};
//! use sidecar_testkit::{Script, Step, VirtualClock, drive_open};
//! use std::time::Duration;
//!
//! let clock = VirtualClock::new();
//! let breaker = Breaker::builder("payments").timeout(Duration::from_secs(30)).clock(&clock).build()?;
//! let payments = Script::new([Step::Ok, Step::Panic, Step::Err]);
//!
//! assert!(breaker.call(|| payments.call()).is_ok());
//! drive_open(&breaker);
//! assert!(breaker.call(|| payments.call()).is_err());
//! assert_eq!(payments.calls(), 1, "an open breaker does not call");
//!
//! clock.advance(Duration::from_secs(31));
//! assert!(breaker.try_acquire().is_ok(), "a probe is admitted");
//! assert_eq!(breaker.state(), State::HalfOpen);
//! # Ok::<(), sidecar_breaker::SettingsError>(())
//! ```
//!
//! # How it works
//! | what | for |
//! | --- | --- |
//! | [`VirtualClock`] | `.clock(..)` of every piece's builder; it stands still until it is moved |
//! | [`Draws`] | seeds for `.seed(..)` of samplers and breakers, and random tests that can be repeated |
//! | [`Script`] | a dependency, a check or a handler whose calls succeed, fail, panic, hang or take long, in an order |
//! | [`drive_open`], [`drive_half_open`], [`drive_closed`] | a breaker in the state that a test begins with |
//! | [`assert_conserved!`] | received = sampled out + dropped + processed + failed + waiting, in all and by type |
//!
//! A [`Script`] is the same script in all of its clones: one goes into the closure that the program calls, the other
//! stays with the test, which counts calls, waits for one that hangs, and lets it go on.
//!
//! # Choosing settings
//! There are none but the arguments. Whoever waits here waits at most for [`PATIENCE`], then panics.
//!
//! # Cost
//! A call of a script takes a short lock, and a virtual clock is an atomic number. Neither is meant for benchmarks.
//!
//! # Limits
//! - Virtual time moves what reads the clock, not threads that sleep: use a piece's `build()` and `tick()` with it,
//!   rather than `start()`. The facade reads the machine's clock.
//! - With one seed and several threads the draws are the same, but which thread gets which is not.
//! - [`drive_open`] fails calls as quickly as it can: a policy that asks only whether calls were slow is not opened.
//! - [`assert_conserved!`] holds at any time for what one reading says. That nothing waits any more is for the test to
//!   see to, with `flush`.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod breaker;
mod conserved;
mod draws;
mod script;
mod time;

pub use breaker::{drive_closed, drive_half_open, drive_open};
pub use draws::Draws;
pub use script::{Fault, Script, Step};
pub use sidecar_core::Clock;
pub use time::VirtualClock;

use std::time::Duration;

/// How long whoever waits here waits for another thread: 60 s, which only a test that fails waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);

#[doc(hidden)]
pub mod __private {
    //! What the code that `assert_conserved!` makes is made of. Not an interface.
    pub use crate::conserved::{AsStats, check};
}
